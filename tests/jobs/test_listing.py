"""The list of kept trainings: what it says of each, and what it leaves out."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_core import TrainSpec
from resnet_core.jobs import listing
from resnet_core.jobs.listing import runs
from resnet_core.jobs.store import delete, rename
from resnet_core.jobs.stored import StoredRun
from resnet_core.records import to_line
from tests.jobs.kept import keep, step

HOLDER = """
import sys, time
from pathlib import Path
from resnet_core.jobs.store import Writer
writer = Writer(Path(sys.argv[1]), sys.argv[2])
writer.claim()
print("held", flush=True)
time.sleep(60)
"""


def test_a_finished_run_tells_its_facts_and_results(tmp_path: Path) -> None:
    run_id = keep(tmp_path, label="cifar20", steps=11, accuracy=0.5, train=TrainSpec(seed=7, device="cuda"))
    (run,) = runs(tmp_path)
    assert (run.id, run.label, run.title, run.name, run.status) == (run_id, "cifar20", "", "cifar20", "done")
    assert (run.data, run.seed, run.device, run.step, run.steps) == ("digits", 7, "cuda", 11, 11)
    assert (run.test_accuracy, run.best_accuracy, run.time_s) == (0.5, 0.5, 2.75)
    assert (run.started_at, run.alive, run.readable, run.resumable) == ("2026-11-23T20:00:00+00:00", False, True, False)
    assert run.bytes == sum(path.stat().st_size for path in (tmp_path / run_id).iterdir())
    rename(tmp_path, run_id, "지름길")
    (run,) = runs(tmp_path)
    assert (run.name, run.file_name) == ("지름길", f"지름길-{run_id}")


def test_the_newest_comes_first_whatever_was_renamed_since(tmp_path: Path) -> None:
    ids = [keep(tmp_path, label=str(number)) for number in range(3)]  # of one second, as the networks of a race
    rename(tmp_path, ids[0], "touched last")
    assert [run.id for run in runs(tmp_path)] == ids[::-1]
    head = json.loads((tmp_path / ids[0] / "header.json").read_text())
    head["run"]["started_at"] = "2026-11-24T05:00:01+09:00"  # one second after the others
    (tmp_path / ids[0] / "header.json").write_text(json.dumps(head))
    assert [run.id for run in runs(tmp_path)] == [ids[0], ids[2], ids[1]]


def test_a_killed_run_tells_how_far_it_came(tmp_path: Path) -> None:
    run_id = keep(tmp_path, steps=4, accuracy=0.25, status=None)
    with (tmp_path / run_id / "records.jsonl").open("a") as lines:
        for number in (5, 6):
            lines.write(to_line(step(number)).decode() + "\n")
        lines.write('{"kind":"StepRecord","record":{"step":7,')
    (run,) = runs(tmp_path)
    assert (run.status, run.step, run.time_s, run.test_accuracy) == ("lost", 6, 1.5, 0.25)
    assert run.resumable


def test_a_killed_run_s_checkpoint_remembers_tests_that_its_last_records_do_not(tmp_path: Path) -> None:
    run_id = keep(tmp_path, steps=4, status=None)
    progress = {"progress": {"test_accuracy": 0.5, "best_accuracy": 0.75}}
    (tmp_path / run_id / "resume.json").write_text(json.dumps(progress))
    (run,) = runs(tmp_path)
    assert (run.test_accuracy, run.best_accuracy) == (0.5, 0.75)


@pytest.mark.parametrize("tail", [16, 300, 1 << 16])
def test_lines_longer_than_the_tail_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tail: int) -> None:
    monkeypatch.setattr(listing, "TAIL", tail)
    keep(tmp_path, steps=3, status=None)
    assert runs(tmp_path)[0].step == 3
    shutil.rmtree(tmp_path)
    keep(tmp_path, steps=0, status=None)
    assert runs(tmp_path)[0].step == 0


def test_a_run_is_alive_while_another_process_holds_it_and_lost_when_that_is_killed(tmp_path: Path) -> None:
    run_id = keep(tmp_path, steps=2, status=None)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path), run_id], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    (run,) = runs(tmp_path)
    assert (run.status, run.elsewhere, run.alive, run.resumable, run.step) == ("running", True, True, False, 2)
    (run,) = runs(tmp_path, {run_id: "paused"})
    assert (run.status, run.elsewhere) == ("paused", False)
    with pytest.raises(ValueError, match="still going on"):
        delete(tmp_path, run_id)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    (run,) = runs(tmp_path)
    assert (run.status, run.elsewhere, run.resumable) == ("lost", False, True)
    delete(tmp_path, run_id)
    assert runs(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", '"text"', "{}", '{"task":"gradients"}', '{"task":["train"]}'],
)
def test_what_is_no_run_is_left_out(tmp_path: Path, text: str) -> None:
    whole, broken = keep(tmp_path), keep(tmp_path)
    (tmp_path / broken / "header.json").write_text(text)
    assert [run.id for run in runs(tmp_path)] == [whole]


@pytest.mark.parametrize(
    "head",
    [
        {"args": None}, {"args": []}, {"args": [1, 2]}, {"args": [{}, {"seed": "x"}]}, {"args": [{"gates": 3}, {}]},
        {"args": [{}, {"seed": float("nan")}]}, {"args": [{"self": 1}, {}]},
    ],
)  # fmt: skip
def test_a_run_of_another_version_is_listed_as_such(tmp_path: Path, head: dict[str, object]) -> None:
    run_id = keep(tmp_path)
    (tmp_path / run_id / "header.json").write_text(json.dumps({"task": "train", "label": "A", "run": 7, **head}))
    (run,) = runs(tmp_path)
    assert (run.label, run.readable, run.resumable, run.started_at) == ("A", False, False, "")


@pytest.mark.parametrize("end", ["", "{", "[]", '{"status":"odd"}', '{"status":"done","step":"x","time_s":NaN}'])
def test_a_broken_end_is_no_failure(tmp_path: Path, end: str) -> None:
    run_id = keep(tmp_path)
    (tmp_path / run_id / "end.json").write_text(end)
    (run,) = runs(tmp_path)
    assert run.status in ("lost", "done")


def test_a_folder_that_goes_while_it_is_listed_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, gone = keep(tmp_path), keep(tmp_path)
    listed = os.listdir

    def slow(root: Path) -> list[str]:
        names = listed(root)
        shutil.rmtree(tmp_path / gone)
        return names

    monkeypatch.setattr(os, "listdir", slow)
    assert [run.id for run in runs(tmp_path)] == [kept]
    monkeypatch.undo()
    assert runs(tmp_path / "absent") == []


def test_two_hundred_runs_are_listed_without_reading_their_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keep(tmp_path, steps=5, accuracy=0.5)
    for number in range(1, 200):
        shutil.copytree(tmp_path / first, tmp_path / f"copy-{number:04}")
    opened: list[str] = []
    original = Path.open

    def note(path: Path, *args: object, **kwargs: object) -> object:
        opened.append(path.name)
        return original(path, *args, **kwargs)  # type: ignore[call-overload]

    def forbidden(*_args: object) -> None:
        raise AssertionError("read a whole run")

    monkeypatch.setattr(Path, "open", note)
    monkeypatch.setattr(StoredRun, "__init__", forbidden)
    found = runs(tmp_path)
    assert len(found) == 200
    assert {run.test_accuracy for run in found} == {0.5}
    assert "records.jsonl" not in opened
