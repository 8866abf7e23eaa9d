"""Each tool's total closes to the integer against the ledger, and a false one does not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from resnet_core import ArchSpec, count, preset, presets
from resnet_core.cost.reconcile import RULES, reconcile
from resnet_core.cost.witnesses import TOOLS, ToolCount, ask
from tests.strategies import arch_specs

BEYOND = ("cifar1202", "preact1001")  # deeper than ResNet-152
NAMES = [name for name in presets() if name not in BEYOND]
QUICK = ("resnet50", "cifar56", "plain56", "preact164")  # the others are part of what takes long

# Each tool's own total for one 224x224 image of ResNet-50, with torch 2.13, on a network of torchvision's layout.
RESNET50 = {"torch": 8_178_368_512, "fvcore": 4_111_512_576, "torchinfo": 4_089_238_376}
WHERE: dict[str, Any] = {
    "seed": 0, "device": "cpu", "device_name": "a processor", "threads": 1, "versions": {"torch": "2"}, "time_s": 0.0,
}  # fmt: skip


def test_every_tool_has_its_rule() -> None:
    assert set(RULES) == set(TOOLS) == set(RESNET50)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NAMES]
)
def test_the_remainder_is_nothing_on_named_networks(name: str, tool: str) -> None:
    closed = reconcile(count(preset(name)), ask(tool, preset(name)))
    assert closed.remainder == 0, closed
    if name == "resnet50":
        assert closed.total == RESNET50[tool]


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@settings(max_examples=100)
@given(arch_specs())
def test_the_remainder_is_nothing_on_any_network(spec: ArchSpec) -> None:
    ledger = count(spec)
    for tool in TOOLS:
        closed = reconcile(ledger, ask(tool, spec))
        assert closed.remainder == 0, closed


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("off", [1, -1, 100_352])
def test_a_total_that_is_off_by_one_is_shown_as_such(tool: str, off: int) -> None:
    ledger = count(preset("resnet50"))
    told = ToolCount(tool, RESNET50[tool], 1, {}, ledger.params, "", (), **WHERE)
    assert reconcile(ledger, told).remainder == 0
    forged = reconcile(ledger, replace(told, total=told.total + off))
    assert forged.remainder == off
    assert forged.explained == RESNET50[tool]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("change", [{"norm": "none"}, {"num_classes": 999}, {"image_size": 192}])
def test_the_count_of_another_network_leaves_a_remainder(tool: str, change: dict[str, object]) -> None:
    told = ToolCount(tool, RESNET50[tool], 1, {}, 0, "", (), **WHERE)
    other = preset("resnet50").with_(**change)
    # torch counts no BatchNorm, so that it cannot tell a network without them from its own.
    assert (reconcile(count(other), told).remainder == 0) == (tool == "torch" and change == {"norm": "none"})


def test_the_terms_are_those_that_were_closed_by_hand() -> None:
    ledger = count(preset("resnet50"))
    amounts = {tool: [term.amount for term in RULES[tool].terms(ledger)] for tool in RULES}
    assert amounts == {
        "torch": [2 * 4_089_184_256],
        "fvcore": [4_089_184_256, 2 * 11_113_984, 100_352],
        "torchinfo": [4_089_184_256, 53_120, 1_000],
    }
