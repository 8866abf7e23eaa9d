"""The trainings of a race take their first steps together, and no race waits for ever."""

import time
from multiprocessing import Pipe
from pathlib import Path

import pytest

from resnet_core.jobs import control
from resnet_core.jobs.control import Control, say
from resnet_core.jobs.runner import Desk
from resnet_core.jobs.together import Starter, Together
from tests.jobs.conftest import LONG, SHORT, SMALL
from tests.jobs.test_runner import until

DEEP = {**SMALL, "stages": [60, 60, 60]}  # built in about a second, in which the small one could make many steps
QUIET_S = 0.5
HELD_S = 2.0  # longer than the small network takes to be built and to make a step


class Watched(Together):
    """Notes how many records there are whenever somebody is ready."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.seen: list[int] = []

    def ready(self, job: Starter) -> None:
        """One more."""
        self.seen.append(sum(one.tape.count for one in self.desk.jobs()))
        super().ready(job)


def test_who_is_ready_first_waits_for_the_others(desk: Desk) -> None:
    with Watched(desk) as race:
        jobs = [desk.submit("train", arch, LONG, keep=True, together=race) for arch in (SMALL, DEEP)]
    until(lambda: all(job.tape.count for job in jobs))
    assert race.seen == [0, 0]


def test_the_wait_is_no_time_of_the_training(desk: Desk) -> None:
    race = Watched(desk)
    job = desk.submit("train", SMALL, LONG, keep=True, together=race)
    until(lambda: race.seen)
    time.sleep(HELD_S)
    assert job.tape.count == 0
    race.__exit__(None, None, None)
    until(lambda: job.tape.last)
    assert job.tape.last is not None
    assert job.tape.last.time_s < HELD_S


def test_who_stands_in_the_queue_is_not_waited_for(tmp_path: Path) -> None:
    desk = Desk(slots=1, root=tmp_path)
    with Together() as race:
        jobs = [desk.submit("train", SMALL, SHORT, keep=True, together=race) for _ in range(2)]
    assert [race.has(job) for job in jobs] == [True, False]
    assert all(job.wait(control.TOGETHER_S / 2) for job in jobs)
    assert [job.status for job in jobs] == ["done", "done"]
    desk.close()


def test_who_fails_is_waited_for_no_longer(desk: Desk) -> None:
    with Together() as race:
        good = desk.submit("train", SMALL, SHORT, keep=True, together=race)
        bad = desk.submit("train", SMALL, {**SHORT, "batch_size": 4096}, keep=True, together=race)
    assert good.wait(control.TOGETHER_S / 2)
    assert (good.status, bad.status) == ("done", "failed")


def test_a_hand_in_that_breaks_off_lets_the_others_start(desk: Desk) -> None:
    race = Together()
    job = desk.submit("train", SMALL, SHORT, keep=True, together=race)
    with pytest.raises(KeyError), race:
        raise KeyError
    assert job.wait(control.TOGETHER_S / 2)
    assert job.status == "done"


def test_one_that_waits_can_be_paused_and_stopped(desk: Desk) -> None:
    race = Watched(desk)
    held, other = (desk.submit("train", SMALL, LONG, keep=True, together=race) for _ in range(2))
    until(lambda: len(race.seen) == 2)
    held.say("pause")
    until(lambda: held.status == "paused")
    time.sleep(QUIET_S)
    assert (held.tape.count, other.tape.count) == (0, 0)
    other.stop()
    assert other.wait(5)
    assert other.status == "stopped"
    race.__exit__(None, None, None)
    time.sleep(QUIET_S)
    assert held.tape.count == 0  # paused still
    held.say("step")
    until(lambda: held.tape.count == 1)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TOGETHER_S", 0.2)
    parent, child = Pipe()
    began = time.monotonic()
    Control(child).ready()
    assert 0.2 <= time.monotonic() - began < 5
    say(parent, "begin")
    monkeypatch.setattr(control, "TOGETHER_S", 60.0)
    began = time.monotonic()
    Control(child).ready()
    assert time.monotonic() - began < 5
    parent.close()
    with pytest.raises((EOFError, BrokenPipeError)):
        Control(child).ready()
