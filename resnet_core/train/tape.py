"""The course of one training in a bounded amount of memory. No torch and no numpy: the page's process holds it.

The run folder has every record; a tape has what figures draw. Once it is full it lets go of every second step that it
holds and from then on takes every second, every fourth ... one, so that a run of a million steps takes no more room
than one of a thousand. What is left out is told by :attr:`Tape.stride`.
"""

import math
import threading
from array import array
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from resnet_core.train.records import SIGNALS, StepRecord

LIMIT = 1024  # steps that are held at most
PACE_STEPS = 20
DRAWN = ("step", "loss", "train_accuracy", "learning_rate")  # of the single values, those that are drawn step by step


class Tested(NamedTuple):
    """One test: after which step, the accuracy (0 to 1) and the mean cross entropy on the test images."""

    step: int
    accuracy: float
    loss: float


@dataclass(frozen=True, slots=True)
class Columns:
    """What a tape holds from a place on: float32 columns, as bytes in the machine's order.

    ``by_unit`` are rows of one value a unit, step after step: ``(steps, units)``.
    """

    start: int
    stride: int
    scalars: dict[str, bytes]
    by_unit: dict[str, bytes]


class Tape:
    """Takes the records of a training in their order. One thread writes, any may read."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.stride = 1  # every so many steps one is held
        self.count = 0  # records taken in
        self.last: StepRecord | None = None
        self.best: Tested | None = None
        self._tests: list[Tested] = []
        self._tests_taken, self._tests_stride = 0, 1
        self._scalars = {name: array("f") for name in DRAWN}
        self._by_unit = {name: array("f") for name in SIGNALS}
        self._paces: deque[float] = deque(maxlen=PACE_STEPS)
        self._image_s = 0.0  # the seconds for one image, summed over all steps
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._scalars["step"])

    def append(self, record: StepRecord) -> None:
        """Take the next record."""
        with self._lock:
            if self.count % self.stride == 0:
                self._hold(record)
            self.count += 1
            self.last = record
            self._paces.append(record.images_per_s)
            self._image_s += 1 / record.images_per_s if record.images_per_s > 0 else 0.0
            if record.test_accuracy is not None:
                loss = math.nan if record.test_loss is None else record.test_loss
                self._test(Tested(record.step, record.test_accuracy, loss))

    @property
    def tests(self) -> list[Tested]:
        """The tests, thinned as the steps are; the last one always stands."""
        with self._lock:
            return list(self._tests)

    @property
    def images_per_s(self) -> float | None:
        """The median over the last steps, so that one slow step does not make the number jump."""
        with self._lock:
            return median(self._paces) if self._paces else None

    def steps_s(self, batch_size: int) -> float:
        """The seconds that the steps have taken, without tests: what a budget of time counts."""
        with self._lock:
            return batch_size * self._image_s

    def since(self, start: int = 0, stride: int = 1) -> Columns:
        """What a reader lacks that has the first ``start`` held steps at ``stride``: all, if the tape has been thinned
        since."""
        with self._lock:
            start = start if stride == self.stride and 0 <= start <= len(self) else 0
            units = len(self.last.gradient_norms) if self.last else 0
            return Columns(
                start,
                self.stride,
                {name: values[start:].tobytes() for name, values in self._scalars.items()},
                {name: values[start * units :].tobytes() for name, values in self._by_unit.items()},
            )

    def _hold(self, record: StepRecord) -> None:
        for name, values in self._scalars.items():
            values.append(getattr(record, name))
        units = len(record.gradient_norms)
        for name, rows in self._by_unit.items():
            row = getattr(record, name)
            rows.extend(row if len(row) == units else (float("nan"),) * units)
        if len(self) > self.limit:
            self.stride *= 2
            self._scalars = {name: values[::2] for name, values in self._scalars.items()}
            self._by_unit = {name: _every_second_row(rows, units) for name, rows in self._by_unit.items()}

    def _test(self, test: Tested) -> None:
        if self.best is None or test.accuracy > self.best.accuracy:
            self.best = test
        if self._tests and (self._tests_taken - 1) % self._tests_stride:
            self._tests.pop()  # it stood only because it was the last
        self._tests.append(test)
        self._tests_taken += 1
        if len(self._tests) > self.limit:
            self._tests_stride *= 2
            self._tests = self._tests[::2]


def _every_second_row(rows: "array[float]", units: int) -> "array[float]":
    kept = array("f")
    for start in range(0, len(rows), 2 * units):
        kept.extend(rows[start : start + units])
    return kept
