"""Every instrument against plain torch on the same step, in both memory formats and both precisions."""

import pytest
import torch
from torch.nn import functional

from resnet_core import ArchSpec, TrainSpec, build
from resnet_core.train import data, loop
from resnet_core.train.facts import fit
from resnet_core.train.instruments import Instruments, Values
from resnet_core.train.numerics import Numerics
from resnet_core.train.optimizers import optimizer_of

SPEC = fit(ArchSpec(stages=(2, 1, 1), width=8), "digits")
HOW = TrainSpec(learning_rate=0.1, precision="float32", memory_format="contiguous")


def one_step(how: TrainSpec) -> tuple[Values, list[float], list[float], list[float], list[float]]:
    """What the instruments read in the second step, and the same by hand in float64."""
    numerics = Numerics.of(how)
    model = numerics.place(build(SPEC, seed=1)).train()
    optimizer = optimizer_of(how, model)
    inputs, labels = data.load("digits").train_batch(torch.arange(128))
    outputs: list[torch.Tensor] = []
    entering: list[torch.Tensor] = []
    with Instruments(model) as instruments:
        for unit in model.units:
            unit.register_forward_pre_hook(lambda _unit, args: (args[0].retain_grad(), entering.append(args[0]))[1])
            unit.register_forward_hook(lambda _unit, _args, out: outputs.append(out))
        for _ in range(2):
            outputs.clear()
            entering.clear()
            before = [[weight.detach().double() for weight in unit.parameters()] for unit in model.units]
            before = [[weight.clone() for weight in weights] for weights in before]
            with numerics.autocast():
                loss = functional.cross_entropy(model(numerics.images(inputs)), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step(how.learning_rate)
            noted = instruments.noted(loss, torch.tensor(0.5))
    ratios = []
    for unit, old in zip(model.units, before, strict=True):
        moved = sum(
            (new.detach().double() - was).square().sum() for new, was in zip(unit.parameters(), old, strict=True)
        )
        ratios.append(float(moved / sum(was.square().sum() for was in old)) ** 0.5)
    gradients = [float(one.grad.double().norm()) for one in entering if one.grad is not None]
    stds, means = zip(*(torch.std_mean(out.detach().double(), correction=0) for out in outputs), strict=True)
    return instruments.read(noted.tolist()), gradients, [*map(float, means)], [*map(float, stds)], ratios


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_what_is_read_is_what_plain_torch_finds(precision: str, memory_format: str) -> None:
    values, gradients, means, stds, ratios = one_step(HOW.with_(precision=precision, memory_format=memory_format))
    assert values.finite
    assert values.accuracy == 0.5
    assert values.by_unit["gradient_norms"] == pytest.approx(gradients, rel=1e-6)
    assert values.by_unit["activation_means"] == pytest.approx(means, rel=1e-5)
    assert values.by_unit["activation_stds"] == pytest.approx(stds, rel=1e-5)
    assert values.by_unit["update_ratios"] == pytest.approx(ratios, rel=1e-5)
    assert min(ratios) > 1e-4


def test_they_change_no_number_of_the_training_and_leave_no_hook() -> None:
    model = build(SPEC, seed=0).train()
    optimizer = optimizer_of(HOW, model)
    images = data.load("digits")
    records = list(loop.train(ArchSpec(stages=(2, 1, 1), width=8), HOW.with_(epochs=1)))
    for record, index in zip(records, data.batches(images, 1, 0, 128), strict=True):
        inputs, labels = images.train_batch(index)
        loss = functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step(record.learning_rate)
        assert record.loss == loss.item()
    with Instruments(model):
        assert all(unit._forward_hooks and unit._forward_pre_hooks for unit in model.units)
    assert not any(unit._forward_hooks or unit._forward_pre_hooks for unit in model.units)


def test_a_test_between_two_steps_is_not_taken_for_a_step() -> None:
    model = build(SPEC).train()
    inputs, labels = data.load("digits").train_batch(torch.arange(64))
    read = []
    for tested in (False, True):
        with Instruments(model) as instruments:
            loss = functional.cross_entropy(model(inputs), labels)
            loss.backward()
            if tested:
                with torch.inference_mode():
                    model.eval()(inputs[:7])
                model.train()
            read.append(instruments.read(instruments.noted(loss, loss).tolist()))
    assert read[0] == read[1]
    assert read[0].by_unit["update_ratios"] == (0.0,) * 4
