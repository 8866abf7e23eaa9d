"""The module of a plan: torchvision's names, honest hooks, weights that a seed decides, and H(x) = F(x) + x."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from resnet_core import ArchSpec, Refusal, build, plan, preset
from resnet_core.model.modules import ZeroPadShortcut
from resnet_core.model.network import ResidualUnit, ResNet
from resnet_core.spec import ARCH_FIELDS
from tests.strategies import arch_specs

pytestmark = pytest.mark.usefixtures("one_thread")
GOLDEN = Path(__file__).parents[1] / "golden"
SMALL = ArchSpec(stages=(2, 2), width=4, image_size=8)
NO_MODULE = ("add", "multiply", "carry", "scale")  # an expression and no module


def _images(spec: ArchSpec, count: int = 2) -> Tensor:
    shape = (count, spec.in_channels, *spec.image_shape)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_names_are_torchvisions_so_that_weights_pass_both_ways(name: str) -> None:
    """The list is written from the layout of torchvision's resnet.py, not from this project's plan."""
    keys = (GOLDEN / f"torchvision_{name}_keys.txt").read_text(encoding="utf-8").split()
    model = build(preset(name))
    assert sorted(model.state_dict()) == sorted(keys)
    model.load_state_dict({key: torch.zeros_like(value) for key, value in model.state_dict().items()}, strict=True)


@settings(max_examples=60)
@given(arch_specs())
def test_a_module_for_each_layer_with_the_shapes_of_the_plan(spec: ArchSpec) -> None:
    model, layers = build(spec), plan(spec)
    seen: dict[str, tuple[torch.Size, torch.Size]] = {}
    for name, module in model.named_modules():
        module.register_forward_hook(
            lambda _module, given, put_out, name=name: seen.update({name: (given[0].shape, put_out.shape)})
        )
    scores = model(_images(spec))
    assert scores.shape == (2, spec.num_classes)
    for layer in layers:
        if layer.op in NO_MODULE:
            continue
        given_shape, put_out = seen[layer.name]
        flat = layer.op == "fc"
        assert tuple(given_shape[1:]) == (layer.in_shape[:1] if flat else layer.in_shape), layer
        assert tuple(put_out[1:]) == (layer.out_shape[:1] if flat else layer.out_shape), layer
    own = {name for name, module in model.named_modules() if name and not list(module.children())}
    assert own == {layer.name for layer in layers if layer.op not in NO_MODULE}
    assert model.unit_names == tuple(unit.name for unit in layers.units)


@settings(max_examples=60)
@given(arch_specs())
def test_no_operator_works_in_place(spec: ArchSpec) -> None:
    """Each output that a hook notes still has its values when the whole network has run, and so has the image."""
    model = build(spec).train()
    assert not any(getattr(module, "inplace", False) for module in model.modules())
    noted: list[tuple[Tensor, Tensor]] = []

    def note(_module: nn.Module, given: tuple[Tensor, ...], put_out: Tensor) -> None:
        noted.extend((tensor, tensor.detach().clone()) for tensor in (*given, put_out))

    for module in model.modules():
        module.register_forward_hook(note)
        module.register_full_backward_hook(lambda *_: None)  # raises after an in-place operator
    images = _images(spec).requires_grad_()
    model(images).sum().backward()
    assert all(torch.equal(tensor, copy) for tensor, copy in noted)


def test_a_hook_on_a_norm_sees_what_the_norm_put_out_not_what_relu_made_of_it() -> None:
    model = build(preset("cifar20")).train()
    least: list[float] = []
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.register_forward_hook(lambda _module, _given, put_out: least.append(put_out.min().item()))
    model(_images(preset("cifar20")))
    assert len(least) == len(norms)
    assert max(least) < 0


def test_a_seed_decides_every_weight() -> None:
    one, again, other = (build(SMALL, seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], again[name]) for name in one)
    weights = [name for name, value in one.items() if value.ndim > 1]
    assert not [name for name in weights if torch.equal(one[name], other[name])]
    state = torch.random.get_rng_state()
    build(SMALL, seed=3)
    assert torch.equal(state, torch.random.get_rng_state())  # nobody else's random numbers are disturbed


@pytest.mark.parametrize("change", [{"skip": False}, {"ordering": "full_preact"}, {"stages": (2, 3)}, {"norm": "none"}])
def test_a_toggle_leaves_the_weights_of_every_layer_that_both_networks_have(change: dict[str, Any]) -> None:
    spec = SMALL.with_(projection="B")
    here, there = build(spec, seed=1).state_dict(), build(spec.with_(**change), seed=1).state_dict()
    both = [name for name in here if name in there and here[name].shape == there[name].shape]
    assert len([name for name in both if "conv" in name]) == 9
    assert all(torch.equal(here[name], there[name]) for name in both)


def test_weights_have_the_variance_of_he_initialisation() -> None:
    """arXiv:1502.01852, equation 14: 2 / (kernel area * output channels)."""
    for name, module in build(ArchSpec(width=64, stages=(1, 1))).named_modules():
        if isinstance(module, nn.Conv2d) and module.in_channels > 3:
            expected = 2 / (module.kernel_size[0] * module.kernel_size[1] * module.out_channels)
            assert module.weight.var().item() == pytest.approx(expected, rel=0.05), name
            assert abs(module.weight.mean().item()) < 0.05 * expected**0.5


def _run(layers: tuple[Any, ...], unit: ResidualUnit, x: Tensor) -> Tensor:
    for layer in layers:
        x = unit.get_submodule(layer.name)(x)
    return x


@pytest.mark.parametrize("ordering", ARCH_FIELDS["ordering"].choices)
@pytest.mark.parametrize("projection", ARCH_FIELDS["projection"].choices)
@pytest.mark.parametrize("block", ARCH_FIELDS["block"].choices)
def test_a_unit_is_f_of_x_plus_x(ordering: str, projection: str, block: str) -> None:
    spec = SMALL.with_(ordering=ordering, projection=projection, block=block)
    model = build(spec).eval()
    for planned, unit in zip(plan(spec).units, model.units, strict=True):
        part = planned.body.part
        x = torch.randn(2, *planned.body.in_shape)
        fork = _run(part("entry"), unit, x)
        expected = _run(part("exit"), unit, _run(part("branch"), unit, fork) + _run(part("shortcut"), unit, fork))
        assert torch.equal(unit(x), expected)


@pytest.mark.parametrize("ordering", ARCH_FIELDS["ordering"].choices)
@pytest.mark.parametrize("shortcut", ARCH_FIELDS["shortcut"].choices)
def test_a_shortcut_that_is_not_the_identity_is_its_panel_of_figure_2(ordering: str, shortcut: str) -> None:
    """arXiv:1603.05027, section 3, with the entry x, the branch f and the gate g written out."""
    spec = SMALL.with_(ordering=ordering, shortcut=shortcut, shortcut_scale=0.25, branch_scale=0.75)
    model = build(spec).train()
    planned, unit = plan(spec).units[1], model.units[1]
    x = torch.randn(2, *planned.body.in_shape)
    f = _run(tuple(layer for layer in planned.body.part("branch") if layer.op not in NO_MODULE), unit, x)
    torch.manual_seed(0)
    if shortcut in ("exclusive_gating", "shortcut_only_gating"):
        g = torch.sigmoid(nn.functional.conv2d(x, unit.gate.weight, unit.gate.bias))
        joined = (g * f if shortcut == "exclusive_gating" else f) + (1 - g) * x
    else:
        joined = {
            "identity": lambda: f + x,
            "constant_scaling": lambda: 0.75 * f + 0.25 * x,
            "conv1x1": lambda: f + _run(planned.body.part("shortcut"), unit, x),
            "dropout": lambda: f + nn.functional.dropout(x, 0.5),
        }[shortcut]()
    expected = _run(planned.body.part("exit"), unit, joined)
    torch.manual_seed(0)
    assert torch.equal(unit(x), expected)


def test_gates_start_at_their_bias() -> None:
    for bias in (-6.0, 1.5):
        gates = [
            module
            for name, module in build(SMALL.with_(shortcut="exclusive_gating", gate_bias=bias)).named_modules()
            if name.endswith(".gate")
        ]
        assert len(gates) == 3  # the first block of the second stage changes the shape and has none
        assert all(bool((gate.bias == bias).all()) for gate in gates)


def test_a_network_of_more_than_a_billion_parameters_is_refused_before_anything_is_allocated() -> None:
    giant = ArchSpec(width=1024, stages=(400, 400, 400))
    with pytest.raises(Refusal, match="stages 400,400,400, width 1024: together they make"):
        build(giant)


def test_a_plain_unit_is_f_of_x() -> None:
    spec = SMALL.with_(skip=False)
    for planned, unit in zip(plan(spec).units, build(spec).eval().units, strict=True):
        x = torch.randn(2, *planned.body.in_shape)
        assert torch.equal(unit(x), _run(planned.body.layers, unit, x))


@pytest.mark.parametrize("ordering", ["original", "relu_only_preact"])
@pytest.mark.parametrize("block", ARCH_FIELDS["block"].choices)
def test_a_branch_that_starts_at_zero_makes_the_unit_the_identity(ordering: str, block: str) -> None:
    """In the original unit up to its last ReLU, which leaves what is positive as it is."""
    spec = SMALL.with_(ordering=ordering, block=block, zero_init_residual=True)
    model = build(spec).train()
    for planned, unit in zip(plan(spec).units, model.units, strict=True):
        if planned.body.part("shortcut"):
            continue
        x = torch.randn(2, *planned.body.in_shape)
        assert torch.equal(unit(x), x.relu() if ordering == "original" else x)
    started, usual = (build(spec.with_(zero_init_residual=on)).state_dict() for on in (True, False))
    changed = [name for name in usual if not torch.equal(started[name], usual[name])]
    last = {"basic": "bn2.weight", "bottleneck": "bn3.weight"}[block]
    assert changed == [f"{unit.name}.{last}" for unit in plan(spec).units]


def test_a_padded_shortcut_takes_every_second_pixel_and_adds_zero_channels() -> None:
    """arXiv:1512.03385, section 3.3, option A."""
    x = torch.randn(2, 3, 5, 5)
    out = ZeroPadShortcut(3, 7, stride=2)(x)
    assert out.shape == (2, 7, 3, 3)
    assert torch.equal(out[:, :3], x[:, :, ::2, ::2])
    assert not out[:, 3:].any()


def test_an_evaluated_image_does_not_depend_on_its_batch() -> None:
    model = build(SMALL).eval()
    images = _images(SMALL, 3)
    assert torch.allclose(model(images)[1:2], model(images[1:2]), atol=1e-5)
    assert isinstance(model, ResNet)
    assert model.spec == SMALL
