"""The training loop: repeatable, fair to both networks, honest about its end."""

import math
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from torch.nn import functional

from resnet_core import ArchSpec, Refusal, TrainSpec, build, devices
from resnet_core.train import data, loop, training
from resnet_core.train.facts import fit
from resnet_core.train.records import Diverged, StepRecord
from resnet_core.train.stopwatch import Stopwatch

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
    *_, last = loop.train(ArchSpec(stages=(1, 1, 1), width=8), SHORT.with_(epochs=8))
    assert last.test_accuracy is not None
    assert last.test_accuracy > 0.9
    assert last.loss < 0.4


def test_the_header_tells_the_run_before_it_starts() -> None:
    header = loop.run_header(ArchSpec(stages=(2, 1, 1), width=4), SHORT)
    assert header.unit_names == build(fit(ArchSpec(stages=(2, 1, 1), width=4), "digits")).unit_names
    assert (header.steps, header.steps_per_epoch, header.seed, header.device) == (22, 11, 0, "cpu")
    assert (header.precision, header.memory_format, header.compiled) == ("float32", "contiguous", False)
    assert header.classes == tuple("0123456789")
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


def test_a_warm_up_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(Refusal, match="22 steps leaves nothing of a training of 22") as refused:
        loop.train(SMALL, SHORT.with_(warmup_steps=22))
    assert refused.value.field == "warmup_steps"


def test_a_training_by_steps_is_tested_at_its_end_too() -> None:
    records = list(loop.train(SMALL, SHORT.with_(steps=14)))
    assert [record.step for record in records if record.test_accuracy is not None] == [11, 14]
    assert (records[-1].step, records[-1].epoch) == (14, 2)


def test_a_target_ends_the_training_once_a_test_reaches_it() -> None:
    how = SHORT.with_(epochs=40)
    accuracies = [record.test_accuracy for record in loop.train(SMALL, how.with_(target_accuracy=0.3))]
    tests = [accuracy for accuracy in accuracies if accuracy is not None]
    assert tests[-1] >= 0.3 > max(tests[:-1], default=0.0)
    assert len(accuracies) < 40 * 11
    assert accuracies[-1] == tests[-1]


def test_a_budget_of_time_ends_the_training_and_counts_no_pause() -> None:
    records = loop.train(SMALL, SHORT.with_(seconds=1))
    taken = []
    for record in records:
        taken.append(record)
        if record.step == 3:
            time.sleep(1.2)  # the reader's time, not the training's
    assert taken[-1].step > 3
    assert taken[-1].test_accuracy is not None
    assert all(b.time_s - a.time_s < 1.0 for a, b in pairwise(taken))
    spent = sum(SHORT.batch_size / record.images_per_s for record in taken)
    assert 1.0 <= spent < 2.0
    assert taken[-1].learning_rate < max(record.learning_rate for record in taken) / 2
    assert loop.run_header(SMALL, SHORT.with_(seconds=1)).steps == 0


def test_a_training_can_be_held_in_the_middle_of_a_step() -> None:
    """At each of three units, forward and backward, and in each of the tests; no clock counts it, no number changes."""
    how = TrainSpec(steps=3, precision="float32", memory_format="contiguous")
    calls = 0

    def hold() -> float:
        nonlocal calls
        calls += 1
        if calls != 4:
            return 0.0
        time.sleep(0.3)
        return 0.3

    held = list(loop.train(SMALL, how, hold=hold))
    free = list(loop.train(SMALL, how))
    assert [record.loss for record in held] == [record.loss for record in free]
    assert calls >= 3 * (3 + 3)
    assert held[0].time_s < 0.3


def test_a_hold_is_taken_from_no_clock_that_stands() -> None:
    """As in a test, during which the clock of the steps is paused anyway."""
    clock = Stopwatch(before=2.0)
    clock.leave_out(1.0)
    assert clock.seconds() == 2.0
    clock.start()
    clock.leave_out(1.0)
    assert 1.0 <= clock.seconds() < 2.0


def test_label_smoothing_is_in_the_training_s_loss_alone() -> None:
    plain, smooth = (list(loop.train(SMALL, SHORT.with_(steps=1, label_smoothing=share))) for share in (0.0, 0.4))
    model = build(fit(SMALL, "digits"), seed=0).train()
    inputs, labels = data.load("digits").train_batch(next(data.batches(data.load("digits"), 1, 0, 128)))
    assert smooth[0].loss == functional.cross_entropy(model(inputs), labels, label_smoothing=0.4).item()
    assert smooth[0].loss != plain[0].loss
    still = [SHORT.with_(steps=1, learning_rate=1e-5, label_smoothing=share) for share in (0.0, 0.4)]
    losses = [record.test_loss for how in still for record in loop.train(SMALL, how)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize("changes", [{"precision": "bfloat16"}, {"memory_format": "channels_last"}])
def test_other_numerics_train_alike_and_repeat_to_the_last_bit(changes: dict[str, str]) -> None:
    plain = list(loop.train(SMALL, SHORT.with_(steps=6)))
    other, again = (list(loop.train(SMALL, SHORT.with_(steps=6, **changes))) for _ in range(2))
    assert [record.loss for record in other] == [record.loss for record in again]
    assert other[-1].test_loss == again[-1].test_loss
    assert [record.loss for record in other] == pytest.approx([record.loss for record in plain], rel=0.05)
    if "precision" in changes:
        assert [record.loss for record in other] != [record.loss for record in plain]


def test_images_are_moved_by_seed_and_step_alone() -> None:
    how = SHORT.with_(steps=3, augmentation="shift_flip")
    first = [record.loss for record in loop.train(SMALL, how)]
    torch.rand(5)
    assert [record.loss for record in loop.train(SMALL, how)] == first
    assert [record.loss for record in loop.train(SMALL, how.with_(augmentation="none"))] != first


def test_a_compiler_that_does_not_work_is_refused_before_the_first_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("No working C++ compiler found\nand a long story")

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(Refusal) as refused:
        loop.train(SMALL, SHORT.with_(compiled=True))
    assert "(No working C++ compiler found)" in str(refused.value)
    assert refused.value.field == "compiled"
