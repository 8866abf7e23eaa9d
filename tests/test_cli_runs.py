"""Kept trainings from a terminal: the page's own folders, ended by a signal, continued, listed, exported."""

import csv
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from resnet_core import preset
from resnet_core.__main__ import main
from resnet_core.jobs.listing import runs
from resnet_core.jobs.runner import Desk
from resnet_core.jobs.store import Writer
from resnet_core.jobs.stored import StoredRun, read
from tests.jobs.kept import UNITS, keep
from tests.test_cli import COMMAND, PLAIN, SMALL

DISK = Path("/dev/full")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_thread: None) -> None:  # noqa: ARG001
    monkeypatch.delenv("RESNET_EXPLORER_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)


def kept(root: Path) -> StoredRun:
    """The one run of a folder, read as the page reads it."""
    (folder,) = root.iterdir()
    run = Desk(root=root).get(folder.name)
    assert isinstance(run, StoredRun)
    return run


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_training_is_kept_as_the_page_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *SMALL, "--epochs", "2", "--seed", "3", "--run-dir", "kept", "--json"]) == 0
    said = capsys.readouterr()
    run = kept(tmp_path / "kept")
    assert said.err == f"resnet_core: run {run.id} in kept\n"
    told = [json.loads(line) for line in said.out.splitlines()]
    assert [row["step"] for row in told] == list(range(1, 23))
    assert {"loss", "images_per_s", "gradient_norms"} <= set(told[0])
    lines = (run.folder / "records.jsonl").read_text().splitlines()
    assert [json.loads(line)["record"] for line in lines] == told
    assert (run.status, run.task, run.label) == ("done", "train", "cifar20, stages=1,1,1, width=4")
    assert run.header is not None
    assert (run.header.steps, run.header.seed, run.header.threads) == (22, 3, 1)
    (row,) = runs(tmp_path / "kept")
    assert (row.step, row.test_accuracy, row.time_s) == (22, told[-1]["test_accuracy"], told[-1]["time_s"])


def test_the_page_s_run_and_the_terminal_s_are_one_training(tmp_path: Path) -> None:
    assert main(["train", *SMALL, "--epochs", "1", "--run-dir", "kept"]) == 0
    desk = Desk(root=tmp_path / "desk")
    spec = preset("cifar20").with_(stages=(1, 1, 1), width=4).model_dump(mode="json")
    here = kept(tmp_path / "kept")
    job = desk.submit("train", spec, here.args[1], keep=True, label=here.label)
    assert job.wait(60)
    desk.close()
    there = kept(tmp_path / "desk")
    heads = [json.loads((run.folder / "header.json").read_text()) for run in (here, there)]
    for head in heads:
        del head["written_at"], head["run"]["started_at"], head["run"]["time_s"]
    assert heads[1].pop("pid") == job.pid, "the page's run names its child"
    assert heads[0] == heads[1]
    assert [record.loss for record in here.records] == [record.loss for record in there.records]
    ends = [json.loads((run.folder / "end.json").read_text()) for run in (here, there)]
    assert list(ends[0]) == list(ends[1])


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_and_resume_goes_on_to_the_same_numbers(
    tmp_path: Path, number: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(tmp_path / "kept")
    training = start("train", *SMALL, "--epochs", "10", "--run-dir", root, "--json")
    assert training.stdout is not None
    for _ in range(2):
        training.stdout.readline()
    training.send_signal(number)
    _, err = training.communicate(timeout=20)
    run = kept(tmp_path / "kept")
    assert (training.returncode, err.count("\n"), run.status) == (code, 1, "stopped")
    stopped_at = run.tape.count
    assert 2 <= stopped_at < 110, "the small training was too quick to be stopped"
    assert main(["train", "--resume", run.id, "--run-dir", root, "--json"]) == 0
    told = [json.loads(line)["step"] for line in capsys.readouterr().out.splitlines()]
    assert told == list(range(stopped_at + 1, 111))
    whole = kept(tmp_path / "kept")
    assert (whole.status, [record.step for record in whole.records]) == ("done", list(range(1, 111)))
    assert main(["train", *SMALL, "--epochs", "10", "--json"]) == 0
    never_stopped = [json.loads(line)["loss"] for line in capsys.readouterr().out.splitlines()]
    assert [record.loss for record in whole.records] == never_stopped


def test_without_run_dir_nothing_is_kept_as_the_help_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESNET_EXPLORER_RUNS", str(tmp_path / "named"))
    assert main(["train", *SMALL, "--steps", "1", *PLAIN]) == 0
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()
    run_id = keep(tmp_path / "named", steps=1)
    assert main(["train", "--resume", run_id]) == 2
    assert "is finished" in capsys.readouterr().err, "--resume looks there all the same"
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "Without it nothing is kept, and --resume looks in $RESNET_EXPLORER_RUNS, or runs" in told


def test_a_batch_larger_than_the_data_leaves_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *SMALL, "--batch-size", "2048", "--run-dir", str(tmp_path / "kept")]) == 2
    said = capsys.readouterr()
    told = "resnet_core: A batch of 2048 images is more than the 1437 training images there are.\n"
    assert (said.out, said.err) == ("", told)
    assert not runs(tmp_path / "kept")


def test_a_reader_that_has_seen_enough_leaves_a_stopped_run(tmp_path: Path) -> None:
    training = start("train", *SMALL, "--epochs", "200", "--run-dir", str(tmp_path / "kept"), "--json")
    assert training.stdout is not None
    training.stdout.readline()
    training.stdout.close()
    assert training.wait(20) == 0
    assert kept(tmp_path / "kept").status == "stopped"


def test_a_killed_training_is_lost_and_can_be_resumed_by_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training = start("train", *SMALL, "--epochs", "10", "--run-dir", str(tmp_path / "kept"), "--json")
    assert training.stdout is not None
    training.stdout.readline()
    training.kill()
    training.communicate()
    run = kept(tmp_path / "kept")
    assert run.status == "lost"
    with (run.folder / "records.jsonl").open("a") as lines:
        lines.write('{"kind":"StepRecord","rec')  # as a crash leaves it
    assert main(["train", *SMALL, "--epochs", "10", "--resume", str(run.folder)]) == 0
    assert "test accuracy" in capsys.readouterr().out
    assert [record.step for record in kept(tmp_path / "kept").records] == list(range(1, 111))


def test_a_training_that_diverges_is_kept_as_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wild = ["cifar20", "--set", "stages=2,2,2", "--set", "width=4", "--set", "norm=none", "--learning-rate", "10"]
    assert main(["train", *wild, "--epochs", "3", "--run-dir", "kept"]) == 1
    run = kept(tmp_path / "kept")
    assert run.status == "failed"
    assert str(run.error) in capsys.readouterr().err


@pytest.mark.skipif(not DISK.exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_once_and_is_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill(writer: Writer) -> None:
        (writer.folder / "records.jsonl").symlink_to(DISK)

    original = Writer.claim
    monkeypatch.setattr(Writer, "claim", lambda writer: (original(writer), fill(writer)))
    assert main(["train", *SMALL, "--epochs", "1", "--run-dir", str(tmp_path / "kept"), "--json"]) == 1
    said = capsys.readouterr()
    assert said.out.count("\n") == 11
    assert said.err.count("No space left on device") == 1


def test_where_no_run_is_kept_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for arguments, root in (([], "runs"), (["--run-dir", "empty"], "empty")):
        assert main(["runs", *arguments]) == 0
        assert capsys.readouterr() == ("", f"resnet_core: no run is kept in {root}\n")
    assert main(["runs", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_runs_lists_the_newest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = keep(tmp_path, label="one", accuracy=0.5), keep(tmp_path, label="two", status=None)
    assert main(["runs", "--run-dir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[second, "lost"], [first, "done"]]
    assert "50.0%" in lines[1]
    assert main(["runs", "--run-dir", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["status"], row["step"]) for row in told] == [(second, "lost", 3), (first, "done", 3)]
    assert main(["runs", "--json", first, "--run-dir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == told[1]


def test_the_folder_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == 0
    assert capsys.readouterr().out == ""
    keep(tmp_path / "runs", label="in the working folder")
    monkeypatch.chdir(tmp_path)
    assert main(["runs"]) == 0
    assert "in the working folder" in capsys.readouterr().out
    monkeypatch.setenv("RESNET_EXPLORER_RUNS", str(tmp_path / "elsewhere"))
    keep(tmp_path / "elsewhere", label="somewhere else")
    assert main(["runs"]) == 0
    assert "somewhere else" in capsys.readouterr().out


def test_a_run_is_written_as_csv_and_for_tensorboard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = keep(tmp_path / "kept", label="cifar20, width=4", steps=3)
    file, logs = tmp_path / "records.csv", tmp_path / "logs"
    arguments = ["--run-dir", str(tmp_path / "kept"), "--csv", str(file), "--tensorboard", str(logs)]
    assert main(["runs", run_id, *arguments]) == 0
    written = capsys.readouterr().out.splitlines()
    assert written[0] == str(file)
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert f"gradient_norm.{UNITS[1]}" in rows[0]
    (events,) = (logs / f"cifar20-width-4-{run_id}").iterdir()
    assert written[1] == str(events)


def test_runs_needs_no_torch(tmp_path: Path) -> None:
    run_id = keep(tmp_path, steps=1)
    script = (
        "import sys; from resnet_core.__main__ import main; "
        f"main(['runs', '--run-dir', {str(tmp_path)!r}]); "
        f"main(['runs', {run_id!r}, '--run-dir', {str(tmp_path)!r}, '--csv', {str(tmp_path / 'a.csv')!r}]); "
        "sys.exit(bool({'torch', 'numpy', 'tensorboard'} & set(sys.modules)))"
    )
    assert subprocess.run([*COMMAND[:1], "-c", script], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train"], "Name the network"),
        (["train", "--set", "width=4"], "Name the network"),
        (["train", "--resume", "STOPPED", "--set", "width=4"], "none is named"),
        (["train", "--resume", "no-such-run"], "no run no-such-run"),
        (["train", "--resume", "../header"], "no run ../header"),
        (["train", "--resume", "DONE"], "is finished"),
        (["train", "--resume", "ALIVE"], "going on already"),
        (["train", "--resume", "OTHER"], "another version"),
        (["train", "--resume", "STOPPED", "--epochs", "7"], "something else: epochs"),
        (["train", "--resume", "STOPPED", "--epochs", "0"], "from 1 to 200; got 0"),
        (["train", "cifar20", "--resume", "STOPPED"], "something else: stages"),
        (["train", "--resume", "STOPPED", "--threads", "2"], "something else: threads"),
        (["train", "cifar20", "--run-dir", "file"], "No run can be kept in file"),
        (["runs", "no-such-run"], "no run no-such-run"),
        (["runs", "--csv", "records.csv"], "Name the run"),
        (["runs", "EMPTY", "--csv", "records.csv"], "no records"),
        (["runs", "DONE", "--csv", "/no/such/folder/a.csv"], "cannot be written: No such file"),
        (["runs", "DONE", "--tensorboard", "file"], "cannot be written"),
        (["runs", "--colour"], "unrecognized"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    root = tmp_path / "runs"
    ids = {
        "DONE": keep(root),
        "STOPPED": keep(root, status="stopped"),
        "ALIVE": keep(root, status=None),
        "OTHER": keep(root, status="stopped"),
        "EMPTY": keep(root, steps=0),
    }
    for name, change in (("OTHER", {"args": [{"gates": 1}, {}]}), ("EMPTY", {"run": None})):
        file = root / ids[name] / "header.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    holder = Writer(root, ids["ALIVE"])
    holder.claim()
    try:
        code: object = main([ids.get(text, text) for text in arguments])
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    said = capsys.readouterr()
    holder.end({"status": "stopped", "error": None})
    assert (code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert told in said.err
    assert read(root, ids["STOPPED"]) is not None


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    """The first waits for the step, which may take long; here nothing does."""
    training = start("train", *SMALL, "--epochs", "200", "--run-dir", str(tmp_path / "kept"), "--json")
    assert training.stdout is not None
    training.stdout.readline()
    started = time.monotonic()
    training.send_signal(signal.SIGINT)
    training.send_signal(signal.SIGINT)
    training.communicate(timeout=20)
    assert training.returncode == 130
    assert time.monotonic() - started < 10
    assert kept(tmp_path / "kept").status in ("stopped", "lost")
