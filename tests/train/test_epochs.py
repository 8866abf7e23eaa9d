"""The weights of each epoch: which are kept, and that a run that is continued keeps the same."""

import json
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file

from resnet_core import ArchSpec, TrainSpec, build, preset
from resnet_core.train import checkpoint, data, epochs, loop
from resnet_core.train.checkpoint import Keeper, Progress
from resnet_core.train.evaluation import evaluate
from resnet_core.train.facts import fit
from resnet_core.train.numerics import Numerics

SPEC = ArchSpec(stages=(1, 1, 1), width=4)
HOW = TrainSpec(epochs=3, precision="float32", memory_format="contiguous")


def test_each_epoch_leaves_the_weights_that_were_tested(tmp_path: Path) -> None:
    records = list(loop.train(SPEC, HOW, folder=tmp_path))
    tests = [record.test_accuracy for record in records if record.test_accuracy is not None]
    assert epochs.kept(tmp_path) == (1, 2, 3)
    for epoch, accuracy in enumerate(tests, start=1):
        path = epochs.file_of(tmp_path, epoch)
        model = build(fit(SPEC, "digits"), seed=9)
        model.load_state_dict(load_file(path))
        assert evaluate(model, data.load("digits"), 128, Numerics.of(HOW))[0] == accuracy
        with safe_open(path, "pt") as file:
            facts = {name: json.loads(value) for name, value in file.metadata().items()}
        assert (facts["epoch"], facts["step"], facts["test_accuracy"]) == (epoch, 11 * epoch, accuracy)
    last, third = load_file(tmp_path / checkpoint.LAST), load_file(epochs.file_of(tmp_path, 3))
    assert all(torch.equal(last[name], third[name]) for name in last)


def test_a_long_run_keeps_each_second_fourth_and_so_on_and_the_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epochs, "MOST_FILES", 4)
    seen = {}
    for record in loop.train(SPEC, HOW.with_(epochs=9), folder=tmp_path):
        if record.test_accuracy is not None:
            seen[record.epoch] = epochs.kept(tmp_path)
    assert seen[4] == (1, 2, 3, 4)
    assert seen[5] == (2, 4, 5)
    assert seen[8] == (2, 4, 6, 8)
    assert seen[9] == (4, 8, 9)
    assert epochs.left_out(seen[9]) == 6


def test_a_run_that_is_continued_keeps_what_one_that_was_never_stopped_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epochs, "MOST_FILES", 3)
    how = HOW.with_(epochs=7)
    list(loop.train(SPEC, how, folder=tmp_path / "whole"))
    records = loop.train(SPEC, how, folder=tmp_path / "run")
    for _ in range(50):
        next(records)
    records.close()
    epochs.file_of(tmp_path / "run", 6).write_bytes(b"of a training that was killed before its checkpoint")
    list(loop.train(SPEC, how, folder=tmp_path / "run", resume=True))
    assert epochs.kept(tmp_path / "run") == epochs.kept(tmp_path / "whole") == (4, 7)
    for epoch in (4, 7):
        ours, theirs = (load_file(epochs.file_of(tmp_path / name, epoch)) for name in ("run", "whole"))
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@given(st.integers(1, 5000), st.integers(1, 80_000_000))
def test_the_files_stay_few_and_small(epoch: int, size: int) -> None:
    step = epochs.stride(epoch, size)
    if not step:
        assert size > epochs.MOST_BYTES
        return
    count = -(-epoch // step)
    assert count <= epochs.MOST_FILES
    assert count * size <= epochs.MOST_BYTES
    assert step == 1 or -(-epoch // (step // 2)) > min(epochs.MOST_FILES, epochs.MOST_BYTES // size), (
        "as many as may be"
    )


def test_a_network_of_more_than_may_be_kept_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epochs, "MOST_BYTES", 1000)
    list(loop.train(SPEC, HOW.with_(epochs=1), folder=tmp_path))
    assert epochs.kept(tmp_path) == ()
    assert (tmp_path / checkpoint.LAST).exists()


def test_what_is_kept_costs_little(tmp_path: Path) -> None:
    """A ResNet-56 takes a second for an epoch of 11 steps; its weights are written in a small part of that."""
    model, progress = build(fit(preset("cifar56"), "digits")), Progress("float32", "contiguous")
    keeper = Keeper(tmp_path, preset("cifar56"), HOW, lambda told: pytest.fail(str(told)))
    times = []
    for epoch in range(1, 6):
        progress.epoch = epoch
        started = time.perf_counter()
        keeper.note_test(model, progress, 0.1)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.1
    assert epochs.kept(tmp_path) == (1, 2, 3, 4, 5)
