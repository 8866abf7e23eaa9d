"""The tape: all of a short run, a thinned course of a long one, always with its last step, in bounded memory."""

import math
from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_core.train.records import SIGNALS, StepRecord
from resnet_core.train.tape import DRAWN, Tape

UNITS = 3


def record(step: int, accuracy: float | None = None) -> StepRecord:
    values = tuple(float(step * 10 + unit) for unit in range(UNITS))
    return StepRecord(
        step=step, epoch=1, loss=1 / step, train_accuracy=0.5, test_accuracy=accuracy,
        test_loss=accuracy and 1 - accuracy, learning_rate=0.1, images_per_s=100.0, time_s=float(step),
        gradient_norms=values, activation_means=values, activation_stds=values,
    )  # fmt: skip


def floats(data: bytes) -> list[float]:
    return array("f", data).tolist()


@given(steps=st.integers(1, 200), limit=st.integers(2, 40))
def test_what_is_held_are_evenly_spaced_steps_and_the_last_is_known(steps: int, limit: int) -> None:
    tape = Tape(limit)
    for step in range(1, steps + 1):
        tape.append(record(step))
    columns = tape.since()
    held = floats(columns.values["step"])
    assert held == [float(step) for step in range(1, steps + 1, tape.stride)]
    assert len(held) == len(tape) <= limit
    assert tape.last == record(steps)
    assert tape.count == steps
    rows = floats(columns.values["gradient_norms"])
    assert rows == [step * 10 + unit for step in held for unit in range(UNITS)]
    assert columns.widths == {**dict.fromkeys(DRAWN, 1), **dict.fromkeys(SIGNALS, UNITS)}
    assert list(columns.values) == list(columns.widths)
    latest = floats(columns.last)
    if (steps - 1) % tape.stride:
        assert (latest[0], len(latest)) == (steps, sum(columns.widths.values()))
    else:
        assert latest == [] != held[-1:] == [steps]


def test_a_reader_gets_what_it_lacks_and_all_of_it_after_a_thinning() -> None:
    tape = Tape(limit=4)
    for step in (1, 2, 3):
        tape.append(record(step))
    assert floats(tape.since(2, 1).values["step"]) == [3.0]
    assert tape.since(2, 1).start == 2
    assert floats(tape.since(7, 1).values["step"]) == [1.0, 2.0, 3.0]  # a place that never was
    for step in (4, 5):
        tape.append(record(step))
    after = tape.since(2, 1)
    assert (after.start, after.stride) == (0, 2)
    assert floats(after.values["step"]) == [1.0, 3.0, 5.0]
    assert floats(tape.since(2, 2).values["update_ratios"]) != floats(after.values["update_ratios"])


def test_the_time_of_the_steps_is_that_of_all_of_them_whatever_is_held() -> None:
    tape = Tape(limit=4)
    for step in range(1, 21):
        tape.append(record(step))
    assert tape.steps_s(50) == pytest.approx(20 * 0.5)


def test_values_that_an_older_record_lacks_are_gaps() -> None:
    tape = Tape()
    tape.append(replace(record(1), activation_means=()))
    gaps = floats(tape.since().values["activation_means"])
    assert len(gaps) == UNITS
    assert all(math.isnan(value) for value in gaps)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_tests_keep_the_last_and_the_best(accuracies: list[float]) -> None:
    tape = Tape(limit=8)
    for step, accuracy in enumerate(accuracies, start=1):
        tape.append(record(step, accuracy))
    tests = tape.tests
    assert len(tests) <= 8 + 1
    assert (tests[-1].step, tests[-1].accuracy) == (len(accuracies), accuracies[-1])
    assert [test.step for test in tests] == sorted({test.step for test in tests})
    assert tape.best is not None
    assert tape.best.accuracy == max(accuracies)
    assert tape.best.step == 1 + accuracies.index(max(accuracies))


@pytest.mark.parametrize("loss", [math.inf, -math.inf, math.nan])
def test_a_test_loss_that_is_not_finite_stays_what_it_is(loss: float) -> None:
    tape = Tape()
    tape.append(replace(record(1, 0.5), test_loss=loss))
    assert repr(tape.tests[0].loss) == repr(loss)


def test_a_long_run_takes_no_more_room_than_a_short_one() -> None:
    tape = Tape(limit=64)
    for step in range(1, 5001):
        tape.append(record(step, 0.5))
    assert len(tape) <= 64
    assert len(tape.tests) <= 65
    assert tape.images_per_s == 100.0
