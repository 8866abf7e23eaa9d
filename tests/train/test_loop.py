"""The training loop: repeatable, fair to both networks, honest about its end."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional

from resnet_core import ArchSpec, Refusal, TrainSpec, build
from resnet_core.train import data, devices, loop, training
from resnet_core.train.facts import fit
from resnet_core.train.records import Diverged, StepRecord

SMALL = ArchSpec(stages=(1, 1, 1), width=4)
SHORT = TrainSpec(epochs=2, precision="float32", memory_format="contiguous")


def test_two_runs_of_one_seed_are_equal_to_the_last_bit_even_in_turn() -> None:
    """Advanced in turn, as a notebook would compare two networks."""
    pairs = list(zip(loop.train(SMALL, SHORT), loop.train(SMALL, SHORT), strict=True))
    assert [a.loss for a, _ in pairs] == [b.loss for _, b in pairs]
    assert [a.gradient_norms for a, _ in pairs] == [b.gradient_norms for _, b in pairs]
    assert pairs[-1][0].test_accuracy == pairs[-1][1].test_accuracy
    other = next(loop.train(SMALL, SHORT.with_(seed=1)))
    assert other.loss != pairs[0][0].loss


def test_skip_and_plain_networks_see_the_same_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []
    original = data.batches

    def note(*args: object, **kwargs: object) -> Iterator[torch.Tensor]:
        for index in original(*args, **kwargs):  # type: ignore[arg-type]
            seen.append(index.tolist())
            yield index

    monkeypatch.setattr(training, "batches", note)
    list(loop.train(SMALL, SHORT))
    with_skip = seen.copy()
    seen.clear()
    list(loop.train(SMALL.with_(skip=False, ordering="full_preact"), SHORT))
    assert len(with_skip) == 22
    assert seen == with_skip


def test_the_first_step_is_that_of_plain_pytorch() -> None:
    """Two steps written out by hand give the same two losses."""
    records = loop.train(SMALL, SHORT)
    model = build(fit(SMALL, "digits"), seed=0).train()
    images = data.load("digits")
    order = list(data.batches(images, 1, 0, 128))
    for step in range(2):
        record = next(records)
        rate = record.learning_rate
        inputs, labels = images.train_batch(order[step])
        loss = functional.cross_entropy(model(inputs), labels)
        assert record.loss == loss.item()
        if step == 0:
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                    parameter.sub_(rate * (gradient + SHORT.weight_decay * parameter))


def test_records_count_from_one_and_measure_the_test_images_after_each_epoch() -> None:
    records = list(loop.train(SMALL, SHORT))
    assert [record.step for record in records] == list(range(1, 23))
    assert [record.epoch for record in records] == [1] * 11 + [2] * 11
    measured = [record.step for record in records if record.test_accuracy is not None]
    assert measured == [11, 22] == [record.step for record in records if record.test_loss is not None]
    assert all(len(record.gradient_norms) == 3 and min(record.gradient_norms) > 0 for record in records)
    assert max(record.learning_rate for record in records) == pytest.approx(SHORT.learning_rate, rel=0.05)
    assert [record.time_s for record in records] == sorted(record.time_s for record in records)
    assert all(record.images_per_s > 0 for record in records)


def test_it_learns() -> None:
    *_, last = loop.train(ArchSpec(stages=(1, 1, 1), width=8), TrainSpec(epochs=8))
    assert last.test_accuracy is not None
    assert last.test_accuracy > 0.9
    assert last.loss < 0.4


def test_the_header_tells_the_run_before_it_starts() -> None:
    header = loop.run_header(ArchSpec(stages=(2, 1, 1), width=4), SHORT)
    assert header.unit_names == build(fit(ArchSpec(stages=(2, 1, 1), width=4), "digits")).unit_names
    assert (header.steps, header.steps_per_epoch, header.seed, header.device) == (22, 11, 0, "cpu")
    assert (header.arch["in_channels"], header.fitted["in_channels"]) == (3, 1)
    assert set(header.versions) == {"python", "torch", "resnet_core"}


def test_a_loss_that_is_not_finite_ends_the_run_after_its_record() -> None:
    """Without normalisation and at an absurd learning rate the numbers overflow."""
    seen: list[StepRecord] = []
    wild = SHORT.with_(epochs=3, learning_rate=10.0)
    records = loop.train(SMALL.with_(norm="none", stages=(2, 2, 2)), wild)
    with pytest.raises(Diverged) as diverged:
        seen.extend(records)
    assert all(math.isfinite(record.loss) for record in seen[:-1])
    assert diverged.value.values["step"] == seen[-1].step
    assert diverged.value.field == "learning_rate"


def test_what_cannot_be_trained_is_refused_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("built a network that was to be refused")

    monkeypatch.setattr(training, "build", forbidden)
    monkeypatch.setattr(devices, "available", lambda: ["cpu"])
    with pytest.raises(Refusal, match="no CUDA device"):
        loop.train(SMALL, SHORT.with_(device="cuda"))
    huge = ArchSpec(stages=(400, 400, 400), width=1024)
    with pytest.raises(Refusal, match="GB"):
        loop.train(huge, SHORT)
