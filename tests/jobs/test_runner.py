"""Jobs from hand-in to end: real children, really killed."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from resnet_core import ArchSpec, Refusal
from resnet_core.jobs.runner import Desk
from resnet_core.jobs.stored import StoredRun
from resnet_core.train.records import Settings
from tests.jobs.conftest import LONG, SHORT, SMALL, network


def until(condition: Callable[[], object], timeout: float = 20.0) -> None:
    """Wait for a condition that another process brings about."""
    limit = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.005)


def test_a_training_runs_to_its_end_and_is_found_again(desk: Desk) -> None:
    job = desk.submit("train", SMALL, SHORT, keep=True, label="A")
    assert job.wait(30)
    assert (job.status, job.error, job.warning) == ("done", None, None)
    assert (job.tape.count, job.tape.last.step if job.tape.last else 0) == (22, 22)
    assert job.header is not None
    assert (job.header.steps, job.header.threads) == (22, 1)
    assert desk.get(job.id) is job

    reopened = Desk(root=desk.root).get(job.id)
    assert isinstance(reopened, StoredRun)
    assert (reopened.status, reopened.label, reopened.header) == ("done", "A", job.header)
    assert [record.step for record in reopened.records] == list(range(1, 23))
    assert reopened.tape.since() == job.tape.since()


def test_a_finished_job_can_be_forgotten_and_read_on(desk: Desk) -> None:
    job = desk.submit("counts", network(), {"tool": "torch"})
    desk.forget(job)
    assert desk.get(job.id) is job  # it had not finished
    assert job.wait(30)
    desk.forget(job)
    assert desk.get(job.id) is None
    assert job.records[0].tool == "torch"


def test_two_children_of_one_seed_measure_the_same(desk: Desk) -> None:
    jobs = [desk.submit("train", SMALL, SHORT) for _ in range(2)]
    assert all(job.wait(30) for job in jobs)
    losses = [job.tape.since().values["loss"] for job in jobs]
    assert losses[0] == losses[1]


def test_stop_ends_within_a_step_and_keeps_the_records(desk: Desk) -> None:
    job = desk.submit("train", SMALL, LONG, keep=True)
    until(lambda: job.tape.count >= 3)
    at_stop, asked = job.tape.count, time.monotonic()
    job.stop()
    job.stop()
    assert job.wait(5)
    assert time.monotonic() - asked < 1
    assert job.status == "stopped"
    assert at_stop <= job.tape.count < at_stop + 60
    assert job.error is None
    reopened = Desk(root=desk.root).get(job.id)
    assert isinstance(reopened, StoredRun)
    assert reopened.status == "stopped"


def test_a_killed_child_is_told_with_what_it_had_measured(desk: Desk) -> None:
    killed, beside = (desk.submit("train", SMALL, LONG, keep=True) for _ in range(2))
    until(lambda: killed.tape.count >= 3 and beside.tape.count >= 3)
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait(5)
    assert killed.status == "failed"
    assert str(killed.error) == (
        "The process that measured this was ended by the system (signal 9); what it had recorded is kept."
    )
    assert killed.tape.count >= 3
    reopened = Desk(root=desk.root).get(killed.id)
    assert isinstance(reopened, StoredRun)
    assert len(reopened.records) == killed.tape.count
    assert str(reopened.error) == str(killed.error)
    measured = beside.tape.count
    until(lambda: beside.tape.count > measured)  # the other one goes on


def test_a_refusal_in_the_child_arrives_as_it_was(desk: Desk) -> None:
    job = desk.submit("gradients", network(width=0), {})
    assert job.wait(30)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.field == "width"
    assert "from 1 to 1024; got 0" in str(job.error)


def test_an_error_in_the_child_is_one_sentence_here_and_a_traceback_in_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    job = desk.submit("gradients", [{"arch": SMALL}], {})  # no name
    assert job.wait(30)
    assert job.status == "failed"
    assert "\n" not in str(job.error)
    assert "KeyError: 'name'" in str(job.error)
    assert "Traceback" not in str(job.error)
    assert "Traceback" in caplog.text


def test_a_network_beyond_the_child_s_memory_is_refused_and_the_desk_lives(tmp_path: object) -> None:
    desk = Desk(root=str(tmp_path), memory_bytes=700_000_000)
    wide = ArchSpec(stages=(2, 2, 2), width=128, image_size=8).model_dump(mode="json")
    job = desk.submit("gradients", [{"name": "wide", "arch": wide}], {"batch_size": 1024})
    assert job.wait(60)
    assert job.status == "failed"
    assert "not enough memory" in str(job.error)
    again = desk.submit("gradients", network(), {})
    assert again.wait(30)
    assert again.status == "done"
    desk.close()


def test_trainings_queue_in_order_and_probes_do_not_wait_behind_them(desk: Desk) -> None:
    first, second, third, fourth = (desk.submit("train", SMALL, LONG) for _ in range(4))
    until(lambda: first.tape.count and second.tape.count)
    assert [job.status for job in (first, second, third, fourth)] == ["running", "running", "waiting", "waiting"]
    assert [job.place for job in (first, second, third, fourth)] == [0, 0, 1, 2]
    probe = desk.submit("gradients", network(), {})
    assert probe.wait(20)
    assert probe.status == "done"
    third.stop()
    assert (third.status, third.finished, fourth.place) == ("stopped", True, 1)
    first.stop()
    until(lambda: fourth.tape.count)
    assert (fourth.place, third.tape.count) == (0, 0)


def test_closing_ends_every_child_and_takes_no_more(desk: Desk) -> None:
    jobs = [desk.submit("train", SMALL, LONG) for _ in range(3)]
    until(lambda: jobs[0].tape.count and jobs[1].tape.count)
    desk.close()
    assert [job.status for job in jobs] == ["stopped"] * 3
    for job in jobs[:2]:
        assert job.pid is not None
        until(lambda pid=job.pid: not alive(pid))  # type: ignore[misc]
    with pytest.raises(RuntimeError, match="closed"):
        desk.submit("devices")


def test_unknown_tasks_and_ids(desk: Desk) -> None:
    with pytest.raises(Refusal, match="no task mine"):
        desk.submit("mine")
    assert desk.get("nothing-here") is None
    assert desk.get("../../etc") is None


def test_the_devices_and_the_counting_tools_are_jobs_too(desk: Desk) -> None:
    devices, count = desk.submit("devices"), desk.submit("counts", network(), {"tool": "fvcore"})
    fetched = desk.submit("fetch", "digits", 32, "")
    assert fetched.wait(30)
    assert (fetched.status, fetched.records) == ("done", [])  # they are here already
    assert devices.wait(30)
    assert count.wait(30)
    assert devices.records[0].names[0] == "cpu"
    assert count.records[0].total > 0


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_that_measured_takes_the_next_order_and_one_that_is_killed_is_replaced(desk: Desk) -> None:
    first = desk.submit("gradients", network(), {})
    assert first.wait(30)
    second = desk.submit("gradients", network(), {"seed": 1})
    assert second.wait(30)
    assert second.pid == first.pid
    assert first.records[0].norms != second.records[0].norms
    assert second.pid is not None
    os.kill(second.pid, signal.SIGKILL)
    until(lambda: not alive(second.pid or 0))
    third = desk.submit("gradients", network(), {"seed": 1})
    assert third.wait(30)
    assert (third.status, third.records[0].norms) == ("done", second.records[0].norms)
    assert third.pid != second.pid
    desk.close()
    until(lambda: not alive(third.pid or 0))


def test_the_numerics_of_a_race_are_a_job_that_answers_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_EXPLORER_DATA", str(tmp_path))
    job = desk.submit("numerics", network() + network(skip=False), {})
    assert job.wait(60)
    assert job.error is None
    (found,) = job.records
    assert isinstance(found, Settings)
    assert f"{found.precision} {found.memory_format}" in found.rates
