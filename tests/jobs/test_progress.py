"""How far a job is: what is told, what is reckoned from it, and how a study hears that it is to end."""

import json
import time
from multiprocessing import Pipe
from types import SimpleNamespace

import pytest

from resnet_core.jobs import control, progress
from resnet_core.jobs.control import Control, Stopped, say
from resnet_core.jobs.progress import Gauge
from resnet_core.study import Counter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until a test moves it."""
    now = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_the_time_left_follows_from_the_pace_of_the_stage(clock: list[float]) -> None:
    gauge = Gauge()
    assert gauge.stage is None
    gauge(0, 8, "passes of {name}", name="A")
    assert gauge.stage == ("passes of {name}", {"name": "A"}, 0.0, None)
    clock[0] += 3
    gauge(2, 8, "passes of {name}", name="A")
    assert gauge.stage == ("passes of {name}", {"name": "A"}, 0.25, 9.0)
    clock[0] += 4
    assert gauge.stage.left_s == 5.0, "it goes down between two words"
    clock[0] += 100
    assert gauge.stage.left_s == 0.0
    gauge(1, 2, "layers")
    assert gauge.stage == ("layers", {}, 0.5, None), "a new stage has no pace yet"
    clock[0] += 1
    gauge(1.5, 2, "layers")
    assert gauge.stage.left_s == 1.0
    gauge(5, 0, "layers")
    assert gauge.stage.share == 0.0, "of nothing, nothing is done"


def test_the_child_tells_a_new_sentence_at_once_and_else_five_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, childs = Pipe()
    now = [50.0]
    monkeypatch.setattr(control, "time", SimpleNamespace(monotonic=lambda: now[0]))
    child = Control(childs)
    for done in range(100):
        child.progress(done, 100, "pieces", of=100) if done != 50 else child.progress(done, 100, "others")
        now[0] += 1 / 64  # so that 13 of them are a little more than a fifth of a second
    told = []
    while ours.poll(0):
        told.append(json.loads(ours.recv_bytes())["progress"])
    assert [one["done"] for one in told] == [0, 13, 26, 39, 50, 51, 64, 77, 90]
    assert told[0] == {"done": 0, "of": 100, "words": "pieces", "values": {"of": 100}}


def test_a_study_ends_at_its_next_word_once_the_parent_has_said_so() -> None:
    ours, childs = Pipe()
    child = Control(childs)
    child.progress(0, 2, "first")
    say(ours, "stop")
    time.sleep(0.05)
    with pytest.raises(Stopped):
        child.progress(1, 2, "second")
    assert not child.goes_on()


def test_a_counter_counts_to_the_end_and_no_further() -> None:
    told: list[tuple[float, float, str]] = []
    count = Counter(lambda done, of, words, /, **_: told.append((done, of, words)), 2, "blocks")
    for _ in range(3):
        count()
    assert told == [(0, 2, "blocks"), (1, 2, "blocks"), (2, 2, "blocks"), (2, 2, "blocks")]
