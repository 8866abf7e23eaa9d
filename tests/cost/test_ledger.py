"""The ledger against the running module, for random networks: parameters, multiply-adds, and what backward keeps."""

import re
from math import prod
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from resnet_core import ArchSpec, Ledger, Row, build, count, plan, preset
from resnet_core.cost.ledger import FLOAT32
from resnet_core.model.network import ResNet
from resnet_core.spec import ARCH_FIELDS
from tests.strategies import arch_specs

pytestmark = pytest.mark.usefixtures("one_thread")
BATCH = 2


class Measured(NamedTuple):
    """What one step on BATCH images really did; multiply-adds and bytes are of all of them together."""

    params: int
    forward_macs: int
    backward_macs: int
    kept_bytes: int


def _measured(spec: ArchSpec) -> Measured:
    """One training step of the built network, watched by FlopCounterMode and by what autograd keeps.

    Kept are activations, each memory counted once. Parameters and buffers are left out: they are there before the step.
    So are the mean and the inverse standard deviation of a batch that each BatchNorm keeps, for they are no activations
    and do not grow with the batch.
    """
    model = build(spec).train()
    owned = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    kept: dict[int, Tensor] = {}  # by address of the memory; holding the tensor keeps the address from being used again

    def note(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in owned:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    images = torch.rand(BATCH, spec.in_channels, *spec.image_shape)
    with FlopCounterMode(display=False, depth=0) as counter:
        with saved_tensors_hooks(note, lambda tensor: tensor):
            loss = model(images).sum()
        forward = int(counter.get_total_flops())
        loss.backward()
    batch_statistics = sum(2 * FLOAT32 * layer.in_shape[0] for layer in plan(spec) if layer.op == "bn")
    return Measured(
        sum(parameter.numel() for parameter in model.parameters()),
        forward // 2,
        (int(counter.get_total_flops()) - forward) // 2,
        sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) - batch_statistics,
    )


def _formula(ledger: Ledger) -> Measured:
    """The ledger's word on the same step, with torch's own surplus.

    For the gradient of a grouped convolution's weights FlopCounterMode (torch 2.13) leaves the groups out, as if every
    input channel met every output channel; the operator computes only those of the same group.
    """
    surplus = sum((row.layer.groups - 1) * row.macs for row in ledger.rows)
    backward = ledger.backward_macs + surplus
    return Measured(ledger.params, *(BATCH * n for n in (ledger.macs, backward, ledger.saved_bytes)))


def _check_rows(ledger: Ledger) -> None:
    for total in ("params", "macs", "saved_bytes", "saved_floats", "saved_indices"):
        assert getattr(ledger, total) == sum(getattr(row, total) for row in ledger.rows)
    assert ledger.flops == 2 * ledger.macs
    assert ledger.depth == ledger.plan.spec.depth
    expected = [name for layer in ledger.plan for name in (layer.name, f"{layer.name}.bias")[: 1 + layer.bias]]
    assert [row.name for row in ledger.rows] == expected
    layers = {layer.name: layer for layer in ledger.plan}
    for row in ledger.rows:
        layer = layers[row.name.removesuffix(".bias")]
        assert row.kind == ("bias" if row.name.endswith(".bias") else layer.op)
        assert (row.stage, row.block) == (layer.stage, layer.block)
        assert (row.layer.op, row.layer.in_shape, row.layer.out_shape) == (layer.op, layer.in_shape, layer.out_shape)
        for formula, number in ((row.params_formula, row.params), (row.macs_formula, row.macs)):
            _check_formula(formula, number)
        _check_size(row)


def _check_formula(formula: str, number: int) -> None:
    """What stands left of ``=`` gives what stands right of it, and that is the row's number."""
    if not number:
        assert formula == ""
        return
    left, right = formula.split(" = ")
    assert re.fullmatch(r"[\d*+ ]+", left)
    assert eval(left) == number
    assert right == f"{number:,}"


def _check_size(row: Row) -> None:
    """Elements, and the bytes that an inference moves at least: inputs and parameters once, the output once."""
    taken, put_out = prod(row.layer.in_shape), prod(row.layer.out_shape)
    assert row.elements == (taken if row.kind in ("avgpool", "meanpool") else put_out)
    assert row.written_bytes == FLOAT32 * put_out
    everything = sum(map(prod, row.layer.in_shapes))
    numbers = {"bias": put_out + row.params, "bn": taken + 2 * row.params}
    assert row.read_bytes == FLOAT32 * numbers.get(row.kind, everything + row.params)


@pytest.mark.slow
@settings(max_examples=500)
@given(arch_specs())
def test_the_formulas_are_what_the_module_does(spec: ArchSpec) -> None:
    ledger = count(spec)
    assert _formula(ledger) == _measured(spec)
    _check_rows(ledger)


@pytest.mark.parametrize("ordering", ARCH_FIELDS["ordering"].choices)
@pytest.mark.parametrize("shortcut", ARCH_FIELDS["shortcut"].choices)
@pytest.mark.parametrize("block", ARCH_FIELDS["block"].choices)
def test_every_shortcut_under_every_ordering(block: str, shortcut: str, ordering: str) -> None:
    spec = ArchSpec(stages=(2, 2), width=4, image_size=8, block=block, shortcut=shortcut, ordering=ordering)
    for changes in ({}, {"projection": "B"}, {"norm": "none"}):
        assert _formula(count(spec.with_(**changes))) == _measured(spec.with_(**changes))


@pytest.mark.parametrize("name", ["cifar20", "plain20", "preact110", "resnet18", "resnet50"])
def test_named_networks_keep_what_the_formula_says(name: str) -> None:
    spec = preset(name)
    spec = spec.with_(image_size=min(64, *spec.image_shape))
    assert _formula(count(spec)) == _measured(spec)


def test_forward_and_backward_of_resnet50() -> None:
    """FlopCounterMode with torch 2.13 on torchvision's network, one 224x224 image: 24,299,077,632 operations."""
    spec = preset("resnet50")
    with torch.device("meta"), FlopCounterMode(display=False, depth=0) as counter:
        ResNet(plan(spec))(torch.empty(1, 3, 224, 224)).sum().backward()
    ledger = count(spec)
    assert 2 * (ledger.macs + ledger.backward_macs) == counter.get_total_flops() == 24_299_077_632
    assert 3 * ledger.flops - 2 * (ledger.macs + ledger.backward_macs) == 236_027_904  # no gradient into the image


def test_a_formula_reads_as_on_a_blackboard() -> None:
    rows = {row.name: row for row in count(preset("resnet50")).rows}
    assert rows["layer1.0.conv2"].params_formula == "3*3*64*64 = 36,864"
    assert rows["layer1.0.conv2"].macs_formula == "3*3*64*64 * 56*56 = 115,605,504"
    assert rows["bn1"].params_formula == "2*64 = 128"
    assert rows["fc"].params_formula == "2048*1000 = 2,048,000"
    assert rows["fc"].macs_formula == "2048*1000 = 2,048,000"
    assert rows["fc.bias"].params_formula == "1000 = 1,000"
    assert rows["maxpool"].params_formula == rows["maxpool"].macs_formula == rows["fc.bias"].macs_formula == ""


def test_additions_are_counted_a_block_and_double_the_paths() -> None:
    """arXiv:1605.06431, section 3: 2^n paths through n blocks with a shortcut, one through a plain network."""
    assert count(preset("cifar56")).additions == 27
    assert count(preset("plain56")).additions == 0
    assert count(preset("cifar56")).paths == 134_217_728
    assert count(preset("plain56")).paths == 1
    assert count(preset("resnet50")).paths == 65_536


def test_changing_one_field_changes_one_thing() -> None:
    """What the page says beside the toggles: skip and order change no parameters under option A."""
    base = count(preset("cifar56"))
    for change in ({"skip": False}, {"ordering": "full_preact"}, {"ordering": "relu_before_addition"}):
        changed = count(preset("cifar56").with_(**change))
        assert (changed.params, changed.macs, changed.depth) == (base.params, base.macs, base.depth)
    projected = count(preset("cifar56").with_(projection="B"))
    # Two projections, 16 -> 32 on 16x16 and 32 -> 64 on 8x8, with their BatchNorms.
    assert projected.params - base.params == 16 * 32 + 32 * 64 + 2 * (32 + 64)
    assert projected.macs - base.macs == 16 * 32 * 16**2 + 32 * 64 * 8**2
    gated = count(preset("cifar56").with_(shortcut="exclusive_gating"))
    # A gate in each block that keeps its shape: 9, 8 and 8 of them, each a 1x1 convolution with a bias.
    assert gated.params - base.params == 9 * (16**2 + 16) + 8 * (32**2 + 32) + 8 * (64**2 + 64)
    assert gated.macs - base.macs == 9 * 16**2 * 32**2 + 8 * 32**2 * 16**2 + 8 * 64**2 * 8**2
    for shortcut in ("dropout", "constant_scaling"):
        assert count(preset("cifar56").with_(shortcut=shortcut)).params == base.params
    larger = count(preset("cifar56").with_(image_size=64))
    assert larger.params == base.params


@pytest.mark.parametrize(
    ("changes", "pixels"),
    [
        ({"stages": (1,)}, 7),  # the stem's 3x3 and two more
        ({"stages": (2, 1), "image_size": 48}, 17),  # 3, four times 2 and once 2 before the stride, once 4 after it
        ({"stages": (1, 2, 1), "image_size": 96}, None),
        ({"stages": (1, 1), "block": "bottleneck", "image_size": 48}, None),
        ({"stages": (2, 2), "block": "bottleneck", "stride_on": "1x1", "image_size": 64}, None),
        ({"stages": (1, 1), "stem": "imagenet", "image_size": 128}, None),
        ({"stages": (2, 1), "skip": True, "image_size": 48}, None),
    ],
)
def test_the_receptive_field_is_where_the_gradient_reaches(changes: dict[str, object], pixels: int | None) -> None:
    """From one pixel in the middle of the last map, all weights positive, so that nothing cancels or is cut off."""
    spec = ArchSpec(width=2, image_size=32, norm="none", skip=False).with_(**changes)
    model = build(spec)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.01)
    for name, module in model.named_modules():
        if isinstance(module, nn.MaxPool2d):  # a maximum sends its gradient to one pixel only
            module.register_forward_hook(lambda _module, given, _out: nn.functional.avg_pool2d(given[0], 3, 2, 1))
            assert name == "maxpool"
    maps: list[Tensor] = []
    model.units[-1].register_forward_hook(lambda _module, _given, put_out: maps.append(put_out.double()))
    image = torch.ones(1, 3, spec.image_size, spec.image_size, requires_grad=True)
    model(image)
    middle = maps[0].shape[-1] // 2
    maps[0][0, :, middle, middle].sum().backward()
    assert image.grad is not None
    rows, columns = image.grad[0, 0].nonzero().unbind(1)
    seen = count(spec).receptive_field
    assert pixels in (None, seen)
    assert int(rows.max() - rows.min()) + 1 == int(columns.max() - columns.min()) + 1 == seen
    if spec.block == "basic":
        assert len(rows) == seen**2
