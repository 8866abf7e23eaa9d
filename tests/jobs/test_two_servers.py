"""Two servers on one run folder, and a disk without room."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet_core import ArchSpec, Refusal, TrainSpec
from resnet_core.jobs.here import KeptTraining
from resnet_core.jobs.listing import runs
from resnet_core.jobs.runner import Desk
from resnet_core.jobs.store import HEADER, RECORDS, Writer, new_id
from resnet_core.jobs.stored import StoredRun
from resnet_core.records import to_line
from tests.jobs.conftest import LONG, SHORT, SMALL
from tests.jobs.kept import keep, step
from tests.jobs.test_runner import until

DISK = Path("/dev/full")  # every write to it finds no room
TINY = ArchSpec(stages=(1, 1, 1), width=4)


@pytest.fixture
def other(desk: Desk) -> Iterator[Desk]:
    """A second desk on the folder of the first. A lock is of an opened file, so one process can play both."""
    opened = Desk(root=desk.root)
    yield opened
    opened.close()


def test_the_second_follows_the_first_and_keeps_its_hands_off(desk: Desk, other: Desk) -> None:
    job = desk.submit("train", SMALL, LONG, keep=True)
    until(lambda: job.tape.count >= 2)
    seen = other.get(job.id)
    assert isinstance(seen, StoredRun)
    assert (seen.status, seen.finished) == ("running", False)
    before = seen.tape.count
    until(lambda: job.tape.count > before)
    again = other.get(job.id)
    assert again is seen
    assert seen.tape.count > before
    assert [(run.status, run.elsewhere) for run in runs(other.root)] == [("running", True)]
    for refused in (other.resume, other.delete):
        with pytest.raises(Refusal, match="going on"):
            refused(job.id)
    job.stop()
    assert job.wait(20)
    assert other.get(job.id) is seen
    assert (seen.status, seen.tape.count) == ("stopped", job.tape.count)


def test_what_one_lets_go_on_the_other_sees_going_on(desk: Desk, other: Desk) -> None:
    job = desk.submit("train", SMALL, LONG, keep=True)
    until(lambda: job.tape.count >= 3)
    job.stop()
    assert job.wait(20)
    stopped_at = job.tape.count
    continued = other.resume(job.id)
    until(lambda: continued.tape.count > stopped_at)
    seen = desk.get(job.id)
    assert isinstance(seen, StoredRun), "not the job that ended here"
    assert seen.status == "running"
    assert seen.tape.count > stopped_at
    continued.stop()
    assert continued.wait(20)
    whole = [record.step for record in seen.records]
    assert whole == list(range(1, continued.tape.count + 1))


def test_only_one_of_two_that_are_asked_in_one_moment_goes_on(tmp_path: Path) -> None:
    run_id = keep(tmp_path, status="stopped")
    first, second = Writer(tmp_path, run_id), Writer(tmp_path, run_id)
    first.claim()
    with pytest.raises(Refusal, match="going on already"):
        second.claim()
    first.end({"status": "stopped", "error": None})
    second.claim()
    second.end({"status": "stopped", "error": None})


def test_a_deleted_run_is_gone_for_the_desk_that_trained_it(desk: Desk) -> None:
    job = desk.submit("train", SMALL, SHORT, keep=True)
    assert job.wait(30)
    assert desk.get(job.id) is job
    desk.delete(job.id)
    assert desk.get(job.id) is None
    assert runs(desk.root) == []


def test_two_readers_at_once_take_each_record_once(tmp_path: Path) -> None:
    run_id = keep(tmp_path, steps=0, status=None)
    run = StoredRun(tmp_path / run_id, {"task": "train"})
    keep_writing = Writer(tmp_path, run_id)
    for number in range(1, 301):
        keep_writing.record(to_line(step(number)))
    readers = [threading.Thread(target=run.refresh) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert run.tape.count == 300
    keep_writing.end({"status": "done", "error": None})


@pytest.mark.skipif(not DISK.exists(), reason="needs a device that is always full")
@pytest.mark.usefixtures("one_thread")
def test_a_full_disk_is_a_warning_and_the_training_goes_on(tmp_path: Path) -> None:
    kept = KeptTraining(TINY, TrainSpec(epochs=1), root=tmp_path, label="A", threads=1)
    (kept.folder / RECORDS).symlink_to(DISK)
    assert len(list(kept.records())) == 1 + 11
    assert kept.warning is not None
    assert "No space left on device" in str(kept.warning)
    (run,) = runs(tmp_path)
    assert (run.status, run.step) == ("lost", 0), "its end could not be written either"


@pytest.mark.skipif(not DISK.exists(), reason="needs a device that is always full")
def test_a_full_disk_does_not_end_a_job(desk: Desk) -> None:
    job = desk.submit("train", SMALL, LONG, keep=True)
    folder = Path(job.options["folder"])
    until((folder / HEADER).exists)
    assert job._writer is not None
    job._writer._lines = DISK.open("ab")
    until(lambda: job.warning)
    told = job.tape.count
    until(lambda: job.tape.count > told)
    assert "No space left on device" in str(job.warning)
    job.stop()
    assert job.wait(20)


def test_a_folder_that_cannot_be_taken_is_refused_before_the_first_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match=r"No run can be kept in .*file"):
        KeptTraining(TINY, TrainSpec(), root=tmp_path / "file", label="A", threads=1)


def test_a_name_of_a_run_can_stand_in_a_command() -> None:
    assert not any(new_id().startswith("-") for _ in range(2000))
