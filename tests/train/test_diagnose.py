"""Where a training broke, told by name: each place is broken in turn."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_core import ArchSpec, TrainSpec, build
from resnet_core.train import data, diagnose, loop, training
from resnet_core.train.facts import fit
from resnet_core.train.optimizers import Optimizer
from resnet_core.train.records import Diverged, StepRecord

SPEC = ArchSpec(stages=(2, 1, 1), width=4)
HOW = TrainSpec(epochs=2, precision="float32", memory_format="contiguous")


class Burst(torch.autograd.Function):
    """Passes values on as they are, and a gradient that is infinite."""

    @staticmethod
    def forward(_context: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return gradient * math.inf


def run_with(change: Callable[[nn.Module], None], monkeypatch: pytest.MonkeyPatch, how: TrainSpec = HOW) -> Diverged:
    """Train a network that ``change`` has spoiled to its end; its records up to there are as they should be."""

    def spoiled(*args: Any, **kwargs: Any) -> Any:
        model = build(*args, **kwargs)
        change(model)
        return model

    monkeypatch.setattr(training, "build", spoiled)
    seen: list[StepRecord] = []
    with pytest.raises(Diverged) as ended:
        seen.extend(loop.train(SPEC, how))
    assert ended.value.values["step"] == seen[-1].step
    assert ended.value.field == "learning_rate"
    assert str(seen[-1].step) in str(ended.value)
    return ended.value


def after(module: nn.Module, what: Callable[[Tensor], Tensor]) -> None:
    """Change what a module puts out."""
    original = module.forward
    module.forward = lambda *args: what(original(*args))  # type: ignore[method-assign]


def place(ended: Diverged) -> tuple[str, str]:
    return ended.values["direction"], ended.values["layer"]


@pytest.mark.parametrize("layer", ["conv1", "layer1.1.bn1", "layer2.0.conv2", "layer1.0", "fc"])
def test_a_layer_that_puts_out_what_is_not_finite(layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run_with(lambda model: after(model.get_submodule(layer), lambda x: x / 0), monkeypatch)
    assert place(ended) == ("forward", layer)
    assert f"in the forward pass, the first value that is not a finite number came out of {layer}." in str(ended)


@pytest.mark.parametrize("layer", ["conv1", "layer1.1.bn1", "layer2.0.conv2"])
def test_a_layer_whose_gradient_is_not_finite(layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is finite: the gradients tell."""
    ended = run_with(lambda model: after(model.get_submodule(layer), Burst.apply), monkeypatch)
    assert place(ended) == ("backward", layer)


def test_a_weight_s_gradient_that_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(model: nn.Module) -> None:
        model.get_parameter("layer2.0.conv1.weight").register_hook(lambda gradient: gradient / 0)

    assert place(run_with(change, monkeypatch)) == ("backward", "layer2.0.conv1")


def test_the_addition_of_a_unit_is_told_as_the_unit() -> None:
    model = build(fit(SPEC.with_(projection="B"), "digits")).train()
    for name in ("layer2.0.bn2", "layer2.0.downsample.1"):
        after(model.get_submodule(name), lambda x: x * 0 + torch.finfo(torch.float32).max)
    inputs, labels = data.load("digits").train_batch(torch.arange(8))
    origin = diagnose.repeat(model, lambda images: functional.cross_entropy(model(images), labels), inputs)
    assert origin == ("forward", "layer2.0")


def test_scores_that_are_finite_with_a_loss_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(model: nn.Module) -> None:
        signs = torch.tensor([1.0, -1.0] * 5) * 3e38
        after(model.get_submodule("fc"), lambda x: x * 0 + signs)

    assert place(run_with(change, monkeypatch)) == ("loss", "")


def test_an_image_that_is_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*args: Any) -> data.Images:
        images = data.load(*args)
        return replace(images, table=torch.full_like(images.table, math.nan))

    monkeypatch.setattr(training, "load", load)
    ended = run_with(lambda _model: None, monkeypatch)
    assert place(ended) == ("input", "")


@pytest.mark.parametrize("layer", ["layer1.1.conv1", "fc"])
def test_an_update_that_is_not_finite(layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss and gradients of that step are finite; the step is told, not the next one."""
    steps = 0
    original = training.optimizer_of

    def breaking(how: TrainSpec, model: nn.Module) -> Optimizer:
        optimizer = original(how, model)
        move = optimizer.step

        def step(rate: float) -> None:
            nonlocal steps
            move(rate)
            steps += 1
            if steps == 3:
                model.get_submodule(layer).weight.data[0] = math.inf

        monkeypatch.setattr(optimizer, "step", step)
        return optimizer

    monkeypatch.setattr(training, "optimizer_of", breaking)
    ended = run_with(lambda _model: None, monkeypatch)
    assert (*place(ended), ended.values["step"]) == ("update", layer, 3)


def test_a_real_divergence_names_a_layer() -> None:
    wild = HOW.with_(epochs=3, learning_rate=10.0)
    seen: list[StepRecord] = []
    with pytest.raises(Diverged) as ended:
        seen.extend(loop.train(SPEC.with_(norm="none", stages=(2, 2, 2)), wild))
    direction, layer = place(ended.value)
    assert direction in ("forward", "backward")
    assert layer in str(ended.value)
    assert layer


def test_a_norm_beyond_float32_alone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of 1e25 are finite, though not the float32 sum of their squares."""

    def change(model: nn.Module) -> None:
        model.get_parameter("layer1.0.conv1.weight").data.mul_(1e25)  # BatchNorm takes it out again

    def spoiled(*args: Any, **kwargs: Any) -> Any:
        model = build(*args, **kwargs)
        change(model)
        return model

    monkeypatch.setattr(training, "build", spoiled)
    records = list(loop.train(SPEC, HOW.with_(epochs=1, weight_decay=0.0)))
    assert len(records) == 11
    assert all(math.isfinite(record.loss) for record in records)
