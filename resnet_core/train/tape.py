"""The course of one training in a bounded amount of memory. No torch and no numpy: the page's process holds it.

The run folder has every record; a tape has what figures draw. Once it is full it lets go of every second step that it
holds and from then on takes every second, every fourth ... one, so that a run of a million steps takes no more room
than one of a thousand. What is left out is told by :attr:`Tape.stride`.
"""

import math
import threading
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import NamedTuple

from resnet_core.train.records import SIGNALS, Answers, StepRecord

LIMIT = 1024  # steps that are held at most
PACE_STEPS = 20
DRAWN = ("step", "loss", "train_accuracy", "learning_rate")  # of the single values, those that are drawn step by step


class Tested(NamedTuple):
    """One test: after which step, the accuracy (0 to 1) and the mean cross entropy on the test images, and what was
    answered to some of them, without what was confused; None where an earlier version did not write it down."""

    step: int
    accuracy: float
    loss: float
    answers: Answers | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """What a tape holds from a place on: float32 columns, as bytes in the machine's order.

    ``widths``: how many values of each column a step has, 1 or one a unit: ``(steps, width)``. ``values``: the columns,
    in that order. ``last``: those of the latest step alone, one after the other; empty where it is the last held one.
    """

    start: int
    steps: int
    stride: int
    widths: dict[str, int]
    values: dict[str, bytes]
    last: bytes


class Tape:
    """Takes the records of a training in their order. One thread writes, any may read."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.stride = 1  # every so many steps one is held
        self.count = 0  # records taken in
        self.last: StepRecord | None = None
        self.best: Tested | None = None
        self.answers: Answers | None = None  # those of the last test, whole
        self._tests: list[Tested] = []
        self._tests_taken, self._tests_stride = 0, 1
        self._columns = {name: array("f") for name in (*DRAWN, *SIGNALS)}
        self._paces: deque[float] = deque(maxlen=PACE_STEPS)
        self._image_s = 0.0  # the seconds for one image, summed over all steps
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._columns["step"])

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
                self.answers = record.answers
                some = replace(record.answers, confused=()) if record.answers else None
                self._test(Tested(record.step, record.test_accuracy, loss, some))

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
            widths = _widths(self.last)
            held = (self.count - 1) % self.stride == 0
            return Columns(
                start,
                len(self) - start,
                self.stride,
                widths,
                {name: values[start * widths[name] :].tobytes() for name, values in self._columns.items()},
                b"" if self.last is None or held else b"".join(array("f", row).tobytes() for row in _rows(self.last)),
            )

    def _hold(self, record: StepRecord) -> None:
        for values, row in zip(self._columns.values(), _rows(record), strict=True):
            values.extend(row)
        if len(self) > self.limit:
            self.stride *= 2
            widths = _widths(record)
            self._columns = {name: _every_second(rows, widths[name]) for name, rows in self._columns.items()}

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


def _widths(record: StepRecord | None) -> dict[str, int]:
    """How many values of each column a step has."""
    units = max(len(getattr(record, name)) for name in SIGNALS) if record else 0
    return {**dict.fromkeys(DRAWN, 1), **dict.fromkeys(SIGNALS, units)}


def _rows(record: StepRecord) -> Iterator[Sequence[float]]:
    """What a step adds to each column. A signal that an older record lacks is a gap."""
    for name in DRAWN:
        yield (getattr(record, name),)
    units = max(len(getattr(record, name)) for name in SIGNALS)
    for name in SIGNALS:
        row = getattr(record, name)
        yield row if len(row) == units else (math.nan,) * units


def _every_second(rows: "array[float]", width: int) -> "array[float]":
    if width == 1:
        return rows[::2]
    kept = array("f")
    for start in range(0, len(rows), 2 * width or 1):
        kept.extend(rows[start : start + width])
    return kept
