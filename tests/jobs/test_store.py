"""Run folders: what a crash, a full disk and a stranger's link do to them."""

import os
from pathlib import Path
from typing import Any

import pytest

from resnet_core.errors import Refusal
from resnet_core.jobs.store import Writer, new_id, prune, root_folder
from resnet_core.jobs.stored import read
from resnet_core.records import to_line
from resnet_core.train.records import StepRecord

HEAD: dict[str, Any] = {"task": "train", "args": [{}, {}], "label": "A", "run": None}


def step(number: int) -> bytes:
    return to_line(
        StepRecord(
            step=number, epoch=1, loss=2.0, train_accuracy=0.1, learning_rate=0.05, images_per_s=10.0, time_s=0.5,
            gradient_norms=(1.0, float("nan")),
        )
    )  # fmt: skip


def write(root: Path, steps: int, *, end: bool) -> str:
    run_id = new_id()
    writer = Writer(root, run_id)
    writer.header(HEAD)
    for number in range(1, steps + 1):
        writer.record(step(number))
    if end:
        writer.end({"status": "done", "error": None})
    return run_id


def test_records_are_on_disk_at_once(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "abcdefgh")
    writer.header(HEAD)
    writer.record(step(1))
    assert (tmp_path / "abcdefgh" / "records.jsonl").read_text().count("\n") == 1


def test_a_run_without_an_end_is_lost_and_keeps_its_records(tmp_path: Path) -> None:
    run = read(tmp_path, write(tmp_path, 3, end=False))
    assert run is not None
    assert (run.status, len(run.records), run.finished) == ("lost", 3, True)
    assert "ended before it was finished" in str(run.error)
    whole = read(tmp_path, write(tmp_path, 2, end=True))
    assert whole is not None
    assert (whole.status, whole.error, whole.label, len(whole.records)) == ("done", None, "A", 2)


@pytest.mark.parametrize("damage", [b'{"kind":"StepRecord","rec', b"\xff\xfe", b'{"kind":"Other","record":{}}', b"[1]"])
def test_half_a_last_line_is_left_out(tmp_path: Path, damage: bytes) -> None:
    run_id = write(tmp_path, 3, end=False)
    with (tmp_path / run_id / "records.jsonl").open("ab") as lines:
        lines.write(damage)
    run = read(tmp_path, run_id)
    assert run is not None
    assert [record.step for record in run.records] == [1, 2, 3]


@pytest.mark.parametrize("damage", ["", "{", "[]", "null"])
def test_a_header_that_cannot_be_read_is_no_run(tmp_path: Path, damage: str) -> None:
    run_id = write(tmp_path, 1, end=True)
    (tmp_path / run_id / "header.json").write_text(damage)
    assert read(tmp_path, run_id) is None


@pytest.mark.parametrize(
    "run_id", ["", ".", "..", "../secret01", "a/b/c/d/e", "/etc/passwd", "a" * 33, "abcdefgh\n", "é" * 9]
)
def test_ids_from_a_link_reach_no_other_folder(tmp_path: Path, run_id: str) -> None:
    (tmp_path / "secret01").mkdir()
    (tmp_path / "secret01" / "header.json").write_text("{}")
    root = tmp_path / "runs"
    root.mkdir()
    assert read(root, run_id) is None


def test_a_disk_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writer = Writer(tmp_path / "file", new_id())
    writer.header(HEAD)
    writer.record(step(1))
    writer.end({"status": "done", "error": None})
    assert isinstance(writer.warning, Refusal)
    assert "cannot be written" in str(writer.warning)


def test_only_the_newest_runs_are_kept_and_none_that_is_alive(tmp_path: Path) -> None:
    ids = [write(tmp_path, 1, end=True) for _ in range(6)]
    for age, run_id in enumerate(ids):
        os.utime(tmp_path / run_id, (age, age))
    (tmp_path / "notes-of-mine").mkdir()
    prune(tmp_path, alive={ids[0]}, keep=3)
    assert {path.name for path in tmp_path.iterdir()} == {ids[0], ids[4], ids[5], "notes-of-mine"}
    prune(tmp_path / "absent", alive=set())


def test_the_root_comes_from_the_argument_the_environment_or_the_working_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RESNET_EXPLORER_RUNS", raising=False)
    assert root_folder() == Path("runs")
    monkeypatch.setenv("RESNET_EXPLORER_RUNS", "/somewhere")
    assert root_folder() == Path("/somewhere")
    assert root_folder("/here") == Path("/here")
