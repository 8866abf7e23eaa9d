"""What the networks of a race answered, as the page has it: from the tape to the browser, and at the end a figure."""

from types import SimpleNamespace
from typing import Any

import pytest

from app import news
from app.figures.confusion import matrix, pairs
from app.text import Words
from app.text import words as words_of
from app.views import samples
from resnet_core.train.records import Answers, StepRecord
from resnet_core.train.tape import Tape

FIRST = Answers(numbers=(4, 9), labels=(0, 1), named=(1, 1), shares=(0.25, 0.98765), confused=((0, 1, 5), (1, 1, 5)))
SECOND = Answers(numbers=(4, 9), labels=(0, 1), named=(0, 1), shares=(0.5, 1.0), confused=((0, 0, 5), (1, 1, 5)))


@pytest.fixture
def english() -> Words:
    return words_of("en")


def step(number: int, answers: Answers | None = None) -> StepRecord:
    return StepRecord(
        step=number, epoch=1, loss=1.0, train_accuracy=0.5, test_accuracy=0.5 if answers else None,
        test_loss=1.0 if answers else None, answers=answers, learning_rate=0.1, images_per_s=1.0, time_s=number,
    )  # fmt: skip


def test_a_tape_keeps_the_answers_of_each_test_and_counts_of_the_last_alone() -> None:
    tape = Tape()
    for record in (step(1, FIRST), step(2), step(3, SECOND), step(4)):
        tape.append(record)
    held = [test.answers for test in tape.tests]
    assert [one and one.named for one in held] == [(1, 1), (0, 1)]
    assert all(one and one.confused == () for one in held)
    assert tape.answers == SECOND


def test_a_reader_is_told_the_answers_with_their_test(english: Words) -> None:
    run: Any = SimpleNamespace(
        id="run-000000", status="running", finished=False, header=None, error=None, warning=None, place=0, slow_s=0.0,
        tape=Tape(),
    )  # fmt: skip
    reader = news.Reader(english)
    run.tape.append(step(1, FIRST))
    assert reader.news(run)["tests"]["answers"] == [[[1, 1], [0.25, 0.9877]]]
    run.tape.append(step(2))
    assert "tests" not in reader.news(run)
    run.tape.append(step(3, SECOND))
    told = reader.news(run)["tests"]
    assert (told["from"], told["answers"]) == (1, [[[0, 1], [0.5, 1.0]]])


def test_a_row_of_the_matrix_is_a_class_and_its_colour_the_share_of_it(english: Words) -> None:
    answers = Answers(numbers=(), labels=(), named=(), shares=(), confused=((0, 0, 3), (0, 1, 1), (1, 0, 2)))
    (drawn,) = matrix(answers, ("cat", "dog"), english)["data"]
    assert drawn["z"] == [[0.75, 0.25], [1.0, 0.0]]
    assert drawn["text"] == [["3", "1"], ["2", ""]]
    assert drawn["y"] == ["cat", "dog"]


def test_the_pairs_are_a_table_with_names(english: Words) -> None:
    answers = Answers(numbers=(), labels=(), named=(), shares=(), confused=((1, 0, 7), (0, 1, 2)))
    rows = pairs(answers, ("cat", "dog"), english).splitlines()
    assert rows[2:] == ["| dog | cat | 7 |", "| cat | dog | 2 |"]


def test_what_an_earlier_version_did_not_write_down_has_no_empty_table(
    english: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted: list[Any] = []
    monkeypatch.setattr(samples, "live_samples", lambda *given: mounted.append(given))
    monkeypatch.setattr(samples, "_shown", lambda _race: {"numbers": (4, 9), "labels": (0, 1)})
    run = SimpleNamespace(id="r", finished=True, header=SimpleNamespace(classes=("cat", "dog")), tape=Tape())
    racer: Any = SimpleNamespace(slot="a", ids=["r"], runs=(run,), how=SimpleNamespace(images=("digits", 8, "")))
    monkeypatch.setattr(samples, "facts_if_kept", lambda _images: None)
    samples.show([racer], None, english)  # type: ignore[arg-type]
    assert mounted == []
    run.tape.append(step(1, FIRST))
    samples.show([racer], None, english)  # type: ignore[arg-type]
    (shown, rows, classes, *_) = mounted[0]
    assert (shown["labels"], classes, rows[0]["ids"]) == (["cat", "dog"], ["cat", "dog"], ["r"])
