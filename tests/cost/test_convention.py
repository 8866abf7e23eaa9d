"""Conventions: every operation in one class, and figures that other tools print."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_core import ArchSpec, count, preset
from resnet_core.cost.convention import CLASSES, Convention, elements
from resnet_core.layer import Op
from resnet_core.operators import OPERATORS
from tests.strategies import arch_specs

# fvcore, torchinfo and torch 2.13 on a network of torchvision's layout, one 224x224 image, added up by hand.
M, NORMALISED, RECTIFIED, ADDED, AVERAGED = 4_089_184_256, 11_113_984, 9_608_704, 5_519_360, 100_352
FVCORE = 4_111_512_576


def test_every_kind_of_operation_is_in_one_class() -> None:
    assert set(OPERATORS) == set(get_args(Op))
    assert {operator.group for operator in OPERATORS.values()} | {"bias"} == set(CLASSES)


def test_the_closed_figures_of_resnet50() -> None:
    ledger = count(preset("resnet50"))

    def total(*classes: str, multiply_add: int = 1) -> int:
        return Convention(multiply_add, frozenset(classes)).total(ledger)

    assert total("weights") == M
    assert total("weights", multiply_add=2) == 8_178_368_512
    assert total("norm") == 2 * NORMALISED
    assert total("relu") == RECTIFIED
    assert total("add") == ADDED
    assert total("bias") == 1000
    assert elements(ledger, {"avgpool"}) == AVERAGED
    assert total("pool") == AVERAGED + 8 * 64 * 56 * 56  # eight comparisons for the maximum of nine
    assert total("weights", "norm") + elements(ledger, {"avgpool"}) == FVCORE
    assert total("shortcut") == total() == 0
    assert Convention().total(ledger) == ledger.macs


def test_gates_and_scales_have_their_price() -> None:
    """Two blocks of 4 channels on 8x8: 256 elements each."""
    spec = ArchSpec(stages=(2,), width=4, image_size=8)

    def total(shortcut: str) -> int:
        return Convention(1, frozenset({"shortcut"})).total(count(spec.with_(shortcut=shortcut)))

    assert total("identity") == total("conv1x1") == total("dropout") == 0
    assert total("constant_scaling") == 2 * 2 * 256  # both paths
    assert total("shortcut_only_gating") == 2 * (4 + 2) * 256  # the sigmoid, 1 - g, the product
    assert total("exclusive_gating") == 2 * (4 + 2 + 1) * 256


@given(arch_specs(), st.sets(st.sampled_from(sorted(CLASSES))), st.sampled_from([1, 2]))
def test_classes_add_up_and_the_switch_doubles_the_weights_alone(
    spec: ArchSpec, classes: set[str], multiply_add: int
) -> None:
    ledger = count(spec)
    parts = [Convention(multiply_add, frozenset({name})).total(ledger) for name in classes]
    both = Convention(multiply_add, frozenset(classes))
    assert both.total(ledger) == sum(parts) == sum(map(both.of, ledger.rows))
    once = Convention(1, frozenset(classes)).total(ledger)
    assert both.total(ledger) - once == ((multiply_add - 1) * ledger.macs if "weights" in classes else 0)


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_says_how_it_counts(name: str) -> None:
    assert CLASSES[name].title
    assert CLASSES[name].rule
