"""The gradient instrument against autograd itself, and the probe against the training."""

from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional

from resnet_core import ArchSpec, Refusal, TrainSpec, build, devices
from resnet_core.probe.gradients import GradientFlow, gradient_flow
from resnet_core.records import from_dict, from_json, to_dict, to_json
from resnet_core.train import data, loop
from resnet_core.train.facts import fit
from resnet_core.train.instruments import GradientNorms

SMALL = ArchSpec(stages=(1, 1, 1), width=4)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("ordering", ["original", "full_preact"])
def test_norms_are_those_of_autograd_on_the_same_graph(skip: bool, ordering: str) -> None:
    model = build(fit(SMALL.with_(stages=(2, 1, 1), skip=skip, ordering=ordering), "digits")).train()
    inputs: list[torch.Tensor] = []
    handles = [unit.register_forward_pre_hook(lambda _unit, args: inputs.append(args[0])) for unit in model.units]
    images = data.load("digits")
    with GradientNorms(model) as gradients:
        pixels, labels = images.train_batch(torch.arange(32))
        loss = functional.cross_entropy(model(pixels), labels)
        expected = torch.autograd.grad(loss, inputs, retain_graph=True)
        loss.backward()
    for handle in handles:
        handle.remove()
    assert gradients.norms() == pytest.approx([gradient.double().norm().item() for gradient in expected], rel=1e-6)


def test_tiny_gradients_are_not_lost() -> None:
    """A loss scaled by 1e-28 scales every norm by as much, though the squares are beyond float32."""
    model = build(fit(SMALL, "digits")).train()
    images = data.load("digits")
    norms = []
    for scale in (1.0, 1e-28):
        with GradientNorms(model) as gradients:
            pixels, labels = images.train_batch(torch.arange(32))
            loss = functional.cross_entropy(model(pixels), labels)
            (loss * scale).backward()
            norms.append(gradients.norms())
    assert norms[1] == pytest.approx([norm * 1e-28 for norm in norms[0]], rel=1e-4)


def test_closing_leaves_no_hook_and_an_unused_instrument_says_so() -> None:
    model = build(fit(SMALL, "digits"))
    with GradientNorms(model) as gradients:
        assert all(unit._forward_pre_hooks for unit in model.units)
        with pytest.raises(RuntimeError, match="backward"):
            gradients.norms()
    assert not any(unit._forward_pre_hooks for unit in model.units)


@pytest.mark.parametrize("changes", [{}, {"skip": False}, {"stem": "imagenet", "block": "bottleneck"}])
def test_the_probe_measures_the_first_step_of_the_training(changes: dict[str, object]) -> None:
    spec = SMALL.with_(**changes)
    first = next(loop.train(spec, TrainSpec(seed=3, precision="float32", memory_format="contiguous")))
    flow = gradient_flow(spec, seed=3)
    assert flow.norms == first.gradient_norms
    assert flow.loss == first.loss
    assert len(flow.names) == len(flow.norms) == 3
    assert flow.names[0] == "layer1.0"


def test_the_record_tells_where_it_was_measured_and_survives_json() -> None:
    flow = gradient_flow(SMALL, seed=1)
    assert (flow.data, flow.seed, flow.device, flow.batch_size, flow.image_size) == ("digits", 1, "cpu", 128, 8)
    assert flow.threads == 1
    assert flow.device_name
    assert flow.versions["torch"] == str(torch.__version__)
    assert from_json(type(flow), to_json(flow)) == flow


@pytest.mark.parametrize("changes", [{}, {"stem": "imagenet", "block": "bottleneck"}])
def test_the_root_mean_square_is_that_of_the_gradient_itself(changes: dict[str, object]) -> None:
    spec = fit(SMALL.with_(**changes), "digits")
    flow = gradient_flow(spec, batch_size=32)
    model, images = build(spec).train(), data.load("digits", spec.image_shape[0])
    inputs: list[torch.Tensor] = []
    for unit in model.units:
        unit.register_forward_pre_hook(lambda _unit, args: inputs.append(args[0]))
    pixels, labels = images.train_batch(next(data.batches(images, epoch=1, seed=0, batch_size=32)))
    expected = torch.autograd.grad(functional.cross_entropy(model(pixels), labels), inputs)
    assert flow.sizes == tuple(gradient.numel() for gradient in expected)
    assert flow.rms == pytest.approx([gradient.double().square().mean().sqrt().item() for gradient in expected])
    assert (flow.told("rms"), flow.told("l2")) == (flow.rms, flow.norms)


def test_a_record_of_an_earlier_version_has_no_sizes() -> None:
    values = to_dict(gradient_flow(SMALL, batch_size=32))
    del values["sizes"]
    before = from_dict(GradientFlow, values)
    assert (before.sizes, before.rms) == ((), ())
    with pytest.raises(ValueError, match="of one length"):
        from_dict(GradientFlow, {**values, "sizes": [1]})


def test_a_plain_network_of_56_layers_loses_what_its_twin_with_skips_keeps() -> None:
    """The point of the page, in numbers: how unequal the first and the last unit are."""
    residual, plain = (gradient_flow(ArchSpec(skip=skip)).norms for skip in (True, False))
    assert max(residual) / min(residual) < 100 < max(plain) / min(plain)


def test_an_absent_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "available", lambda: ["cpu"])
    with pytest.raises(Refusal, match="no MPS device"):
        gradient_flow(SMALL, device="mps")
