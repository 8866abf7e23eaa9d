"""The ledger against the running module, for random networks: parameters, multiply-adds, and what backward keeps."""

import re

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from resnet_core import ArchSpec, Ledger, build, count, plan, preset
from resnet_core.cost.ledger import FLOAT32
from tests.strategies import arch_specs

pytestmark = pytest.mark.usefixtures("one_thread")
BATCH = 2


def _kept_for_backward(spec: ArchSpec) -> int:
    """Bytes of activations that one training step on BATCH images really keeps, each memory counted once.

    Parameters and buffers are left out: they are there before the step. So are the mean and the inverse standard
    deviation of a batch that each BatchNorm keeps, for they are no activations and do not grow with the batch.
    """
    model = build(spec).train()
    owned = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    kept: dict[int, Tensor] = {}  # by address of the memory; holding the tensor keeps the address from being used again

    def note(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in owned:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    images = torch.rand(BATCH, spec.in_channels, spec.image_size, spec.image_size)
    with saved_tensors_hooks(note, lambda tensor: tensor):
        scores = model(images)
    assert scores.requires_grad
    batch_statistics = sum(2 * FLOAT32 * layer.in_shape[0] for layer in plan(spec) if layer.op == "bn")
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) - batch_statistics


def _macs_of_module(spec: ArchSpec) -> int:
    model = build(spec).eval()
    with FlopCounterMode(display=False, depth=0) as counter, torch.no_grad():
        model(torch.zeros(1, spec.in_channels, spec.image_size, spec.image_size))
    return int(counter.get_total_flops()) // 2


def _check_rows(ledger: Ledger) -> None:
    assert ledger.params == sum(row.params for row in ledger.rows)
    assert ledger.macs == sum(row.macs for row in ledger.rows)
    assert ledger.saved_bytes == sum(row.saved_bytes for row in ledger.rows)
    assert [row.name for row in ledger.rows] == [layer.name for layer in ledger.plan]
    for row, layer in zip(ledger.rows, ledger.plan, strict=True):
        assert (row.stage, row.block) == (layer.stage, layer.block)
        assert (row.layer.op, row.layer.in_shape, row.layer.out_shape) == (layer.op, layer.in_shape, layer.out_shape)
        for formula, number in ((row.params_formula, row.params), (row.macs_formula, row.macs)):
            _check_formula(formula, number)


def _check_formula(formula: str, number: int) -> None:
    """What stands left of ``=`` gives what stands right of it, and that is the row's number."""
    if not number:
        assert formula == ""
        return
    left, right = formula.split(" = ")
    assert re.fullmatch(r"[\d*+ ]+", left)
    assert eval(left) == number
    assert right == f"{number:,}"


@settings(max_examples=200)
@given(arch_specs())
def test_the_formulas_are_what_the_module_does(spec: ArchSpec) -> None:
    ledger = count(spec)
    assert ledger.params == sum(parameter.numel() for parameter in build(spec).parameters())
    assert ledger.macs == _macs_of_module(spec)
    assert BATCH * ledger.saved_bytes == _kept_for_backward(spec)
    assert ledger.flops == 2 * ledger.macs
    assert ledger.depth == spec.depth
    _check_rows(ledger)


@pytest.mark.parametrize("name", ["cifar20", "plain20", "preact110", "resnet18", "resnet50"])
def test_named_networks_keep_what_the_formula_says(name: str) -> None:
    spec = preset(name)
    spec = spec.with_(image_size=min(64, spec.image_size))
    assert BATCH * count(spec).saved_bytes == _kept_for_backward(spec)


def test_a_formula_reads_as_on_a_blackboard() -> None:
    rows = {row.name: row for row in count(preset("resnet50")).rows}
    assert rows["layer1.0.conv2"].params_formula == "3*3*64*64 = 36,864"
    assert rows["layer1.0.conv2"].macs_formula == "3*3*64*64 * 56*56 = 115,605,504"
    assert rows["bn1"].params_formula == "2*64 = 128"
    assert rows["fc"].params_formula == "2048*1000 + 1000 = 2,049,000"
    assert rows["fc"].macs_formula == "2048*1000 = 2,048,000"
    assert rows["maxpool"].params_formula == rows["maxpool"].macs_formula == ""


def test_additions_are_counted_a_block() -> None:
    assert count(preset("cifar56")).additions == 27
    assert count(preset("plain56")).additions == 0


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
    larger = count(preset("cifar56").with_(image_size=64))
    assert larger.params == base.params
