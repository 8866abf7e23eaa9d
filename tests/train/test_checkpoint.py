"""Checkpoints: a run that was stopped goes on with the numbers of one that was never stopped."""

import errno
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from resnet_core import ArchSpec, Refusal, TrainSpec, build
from resnet_core.train import checkpoint, data, loop, training
from resnet_core.train.evaluation import evaluate
from resnet_core.train.facts import fit
from resnet_core.train.numerics import Numerics
from resnet_core.train.records import StepRecord

SPEC = ArchSpec(stages=(1, 1, 1), width=4, shortcut="dropout")
SHORT = TrainSpec(epochs=3, precision="float32", memory_format="contiguous", augmentation="shift")


def bare(records: list[StepRecord]) -> list[StepRecord]:
    """The records without what the clock says."""
    return [replace(record, time_s=0.0, images_per_s=0.0) for record in records]


def stopped_after(step: int, how: TrainSpec, folder: Path) -> list[StepRecord]:
    records = loop.train(SPEC, how, folder=folder)
    taken = [next(records) for _ in range(step)]
    records.close()
    return taken


@pytest.mark.parametrize("stop", [5, 15, 22])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "adamw", "learning_rate": 0.01},
        {"memory_format": "channels_last", "momentum": 0.0},
        {"optimizer": "adamw", "memory_format": "channels_last", "schedule": "step", "steps": 27},
    ],
)
def test_a_stopped_run_continues_to_the_last_bit(tmp_path: Path, stop: int, changes: dict[str, Any]) -> None:
    """Dropout shortcuts, moved images, in the middle of an epoch and at the end of one."""
    how = SHORT.with_(**changes)
    whole = list(loop.train(SPEC, how, folder=tmp_path / "whole"))
    first = stopped_after(stop, how, tmp_path / "run")
    rest = list(loop.train(SPEC, how, folder=tmp_path / "run", resume=True))
    assert rest[0].step == stop + 1
    assert bare(first + rest) == bare(whole)
    assert [record.time_s for record in rest] == sorted(record.time_s for record in rest)
    assert rest[0].time_s > first[-1].time_s
    for name in (checkpoint.LAST, checkpoint.BEST):
        ours, theirs = load_file(tmp_path / "run" / name), load_file(tmp_path / "whole" / name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert list(loop.train(SPEC, how, folder=tmp_path / "run", resume=True)) == []  # it had come to its end


@pytest.mark.parametrize("stop", [1, 5, 10, 11, 32, 33])
def test_steps_that_run_ahead_of_their_records_lose_none(
    tmp_path: Path, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where the record of a step is read after the next one has been launched."""
    whole = list(loop.train(SPEC, SHORT))
    original = training.Training.__init__

    def ahead(self: Any, *args: Any) -> None:
        original(self, *args)
        self.lag = 1

    monkeypatch.setattr(training.Training, "__init__", ahead)
    assert bare(list(loop.train(SPEC, SHORT))) == bare(whole)
    first = stopped_after(stop, SHORT, tmp_path)
    rest = list(loop.train(SPEC, SHORT, folder=tmp_path, resume=True))
    assert bare(first + rest) == bare(whole)


@pytest.mark.parametrize("lost", [0, 1, 6])
def test_records_that_a_killed_reader_has_not_taken_are_told_again(tmp_path: Path, lost: int) -> None:
    """They were handed out, and the checkpoint is behind them, but they never reached the folder."""
    whole = list(loop.train(SPEC, SHORT))
    first = stopped_after(15, SHORT, tmp_path)
    arrived = first[: 15 - lost]
    rest = list(loop.train(SPEC, SHORT, folder=tmp_path, resume=True, after=arrived[-1].step))
    assert bare(arrived + rest) == bare(whole)


def test_the_weights_bear_torchvision_s_names_and_score_what_the_record_says(tmp_path: Path) -> None:
    records = list(loop.train(SPEC, SHORT, folder=tmp_path))
    tests = {record.step: record.test_accuracy for record in records if record.test_accuracy is not None}
    best = max(tests.values())
    fitted = fit(SPEC, "digits")
    for name, accuracy in ((checkpoint.LAST, tests[33]), (checkpoint.BEST, best)):
        model = build(fitted, seed=9)
        model.load_state_dict(load_file(tmp_path / name))
        assert evaluate(model, data.load("digits"), 128, Numerics.of(SHORT))[0] == accuracy
        with safe_open(tmp_path / name, "pt") as file:
            assert json.loads(file.metadata()["test_accuracy"]) == accuracy
    with safe_open(tmp_path / checkpoint.BEST, "pt") as file:
        assert json.loads(file.metadata()["step"]) == min(step for step, one in tests.items() if one == best)
    facts = json.loads((tmp_path / checkpoint.FACTS).read_text())
    assert facts["progress"]["step"] == 33
    assert facts["progress"]["finished"]
    assert not list(tmp_path.glob("*.part"))


def test_there_is_a_checkpoint_at_most_every_ten_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    monkeypatch.setattr(
        checkpoint.Keeper, "save", lambda _self, _model, _optimizer, progress: saved.append(progress.step)
    )
    list(loop.train(SPEC, SHORT, folder=tmp_path))
    assert saved == [33]
    monkeypatch.setattr(checkpoint, "PAUSE_S", 0.0)
    saved.clear()
    list(loop.train(SPEC, SHORT, folder=tmp_path))
    assert saved == [11, 22, 33]


def test_a_full_disk_is_a_warning_and_what_was_saved_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped_after(12, SHORT, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_tensors: Any, path: Path, _facts: Any) -> None:
        path.write_bytes(b"half a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    warnings: list[Refusal] = []
    rest = list(loop.train(SPEC, SHORT, folder=tmp_path, resume=True, warn=warnings.append))
    assert [record.step for record in rest] == list(range(13, 34))
    assert len(warnings) == 1
    assert "No space left on device" in str(warnings[0])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_cannot_be_continued_is_refused_at_once(tmp_path: Path) -> None:
    def resume(spec: ArchSpec = SPEC, how: TrainSpec = SHORT) -> Iterator[StepRecord]:
        return loop.train(spec, how, folder=tmp_path, resume=True)

    with pytest.raises(Refusal, match="nothing to continue"):
        resume()
    stopped_after(3, SHORT, tmp_path)
    with pytest.raises(Refusal, match="differs in width"):
        resume(SPEC.with_(width=8))
    with pytest.raises(Refusal, match="differs in epochs, seed"):
        resume(how=SHORT.with_(seed=1, epochs=9))
    path = tmp_path / checkpoint.RESUME
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, metadata | {"format": "99"})
    with pytest.raises(Refusal, match="format 99"):
        resume()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Refusal, match="cannot be read"):
        resume()


def test_a_broken_training_leaves_its_last_good_checkpoint(tmp_path: Path) -> None:
    wild = SHORT.with_(learning_rate=10.0, schedule="constant")
    spec = SPEC.with_(norm="none", stages=(2, 2, 2))
    records = loop.train(spec, wild, folder=tmp_path)
    step = next(records).step
    assert step == 1
    with pytest.raises(loop.diagnose.Diverged):
        list(records)
    assert not (tmp_path / checkpoint.RESUME).exists()
