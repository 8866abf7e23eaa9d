"""A training is steered as in a player: paused, advanced by one step, slowed down, and known to be lost when silent."""

import os
import signal
import time
from pathlib import Path

import pytest

from resnet_core.jobs import job as jobs
from resnet_core.jobs.runner import Desk
from tests.jobs.conftest import LONG, SMALL
from tests.jobs.test_runner import alive, until

QUIET_S = 0.3  # many steps of the small network


def test_pause_step_and_go(desk: Desk) -> None:
    job = desk.submit("train", SMALL, LONG)
    until(lambda: job.tape.count >= 2)
    job.say("pause")
    until(lambda: job.status == "paused")
    held = job.tape.count
    time.sleep(QUIET_S)
    assert job.tape.count == held
    for number in (1, 2):
        job.say("step")
        until(lambda number=number: job.tape.count == held + number)  # type: ignore[misc]
    time.sleep(QUIET_S)
    assert (job.tape.count, job.status) == (held + 2, "paused")
    job.say("go")
    until(lambda: job.tape.count > held + 4)
    assert job.status == "running"


def test_a_pause_does_not_wait_for_the_end_of_a_step(desk: Desk) -> None:
    """The step of this network takes seconds."""
    deep = {**SMALL, "stages": [60, 60, 60], "width": 16}
    job = desk.submit("train", deep, {**LONG, "batch_size": 512}, keep=True)
    until(lambda: job.tape.count >= 1, timeout=60)
    time.sleep(0.2)
    count, asked = job.tape.count, time.monotonic()
    job.say("pause")
    until(lambda: job.status == "paused")
    waited = time.monotonic() - asked
    assert job.tape.count == count
    job.say("step")
    until(lambda: job.tape.count == count + 1, timeout=60)
    assert job.tape.last is not None
    assert waited < 512 / job.tape.last.images_per_s
    job.stop()
    assert job.status == "stopping"


def test_a_pause_is_no_time_of_the_training_and_can_be_stopped(desk: Desk) -> None:
    job = desk.submit("train", SMALL, LONG, keep=True)
    until(lambda: job.tape.count >= 2)
    job.say("pause")
    until(lambda: job.status == "paused")
    before = job.tape.last
    time.sleep(2 * QUIET_S)
    job.say("step")
    until(lambda: job.tape.last is not before)
    assert before is not None
    assert job.tape.last is not None
    assert job.tape.last.time_s - before.time_s < QUIET_S
    asked = time.monotonic()
    job.stop()
    assert job.wait(5)
    assert job.status == "stopped"
    assert time.monotonic() - asked < 2


def test_slow_motion_waits_after_each_step_and_full_speed_returns_at_once(desk: Desk) -> None:
    job = desk.submit("train", SMALL, LONG)
    until(lambda: job.tape.count >= 2)
    job.say("slow", seconds=30)
    time.sleep(QUIET_S)
    held = job.tape.count
    time.sleep(QUIET_S)
    assert job.tape.count == held
    job.say("slow", seconds=0)
    until(lambda: job.tape.count > held + 3)


def test_slow_motion_is_kept_for_one_that_still_waits(tmp_path: Path) -> None:
    desk = Desk(slots=1, root=tmp_path)
    first, second = (desk.submit("train", SMALL, LONG) for _ in range(2))
    until(lambda: first.tape.count >= 1)
    assert second.status == "waiting"
    second.say("slow", seconds=30)
    first.stop()
    until(lambda: second.header is not None)  # it waits after this one too
    time.sleep(2 * QUIET_S)
    assert (second.tape.count, second.slow_s, first.slow_s) == (0, 30, 0)
    second.say("slow", seconds=0)
    until(lambda: second.tape.count > 3)
    desk.close()


def test_a_silent_child_is_lost_after_a_while_and_what_it_recorded_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SILENT_S", 3.0)
    job = desk.submit("train", SMALL, LONG, keep=True)
    until(lambda: job.tape.count >= 3)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGSTOP)
    assert job.wait(10)
    assert job.status == "lost"
    assert str(job.error) == (
        "The process that measured this had not been heard of for 3 s and was ended; what it had recorded is kept."
    )
    assert job.tape.count >= 3
    until(lambda: not alive(job.pid or 0))


def test_a_paused_child_is_not_silent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SILENT_S", 3.0)
    job = desk.submit("train", SMALL, LONG)
    until(lambda: job.tape.count >= 1)
    job.say("pause")
    until(lambda: job.status == "paused")
    assert not job.wait(4)
    assert job.status == "paused"


def test_threads_are_those_that_were_asked_for(desk: Desk) -> None:
    job = desk.submit("train", SMALL, LONG, threads=2)
    until(lambda: job.header)
    assert job.header is not None
    assert job.header.threads == 2
