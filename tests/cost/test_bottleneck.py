"""The worked example: the well-known 1152 against 896, what it counts, and the true weights."""

import json
from pathlib import Path

import pytest

from resnet_core import ArchSpec, count
from resnet_core.cost.bottleneck import Conv, compare

EXAMPLE = json.loads((Path(__file__).parents[1] / "reference" / "presets.json").read_text(encoding="utf-8"))[
    "bottleneck_example"
]


def test_the_defaults_are_the_reference_figures() -> None:
    narrow, bottleneck, wide = compare()
    assert (narrow.shorthand, bottleneck.shorthand) == (1152, 896)
    assert (narrow.weights, bottleneck.weights, wide.weights) == (73_728, 69_632, 1_179_648)
    for design, key in ((narrow, "basic_64"), (bottleneck, "bottleneck_256_64"), (wide, "basic_256")):
        assert design.weights == EXAMPLE[key]["weights"]
        assert design.macs == EXAMPLE[key]["macs_56"]
        assert design.shorthand == EXAMPLE[key].get("shorthand", design.shorthand)


def test_the_shorthand_is_the_sum_that_the_reference_writes_out() -> None:
    narrow, bottleneck, _ = compare()
    assert eval(EXAMPLE["basic_64"]["shorthand_is"]) == narrow.shorthand
    assert eval(EXAMPLE["bottleneck_256_64"]["shorthand_is"]) == bottleneck.shorthand


def test_a_1x1_costs_a_ninth_of_a_3x3() -> None:
    assert 9 * Conv(1, 64, 64).weights == Conv(3, 64, 64).weights


def test_the_savings_that_the_page_tells() -> None:
    narrow, bottleneck, wide = compare()
    assert 1 - bottleneck.shorthand / narrow.shorthand == pytest.approx(0.222, abs=5e-4)
    assert 1 - bottleneck.weights / narrow.weights == pytest.approx(0.056, abs=5e-4)
    assert wide.weights / bottleneck.weights == pytest.approx(16.94, abs=5e-3)


@pytest.mark.parametrize(("narrow", "wide", "map_size"), [(64, 256, 56), (16, 64, 8), (1, 1, 1), (100, 7, 3)])
def test_the_designs_are_blocks_that_the_ledger_counts_alike(narrow: int, wide: int, map_size: int) -> None:
    designs = compare(narrow, wide, map_size)
    basic = ArchSpec(stages=(2,), width=narrow, image_size=map_size)
    convs = [row for row in count(basic).rows if row.name.startswith("layer1.1.conv")]
    assert sum(row.params for row in convs) == designs.narrow.weights
    assert sum(row.macs for row in convs) == designs.narrow.macs
    if wide % narrow == 0:
        spec = basic.with_(block="bottleneck", expansion=wide // narrow)
        convs = [row for row in count(spec).rows if row.name.startswith("layer1.1.conv")]
        assert sum(row.params for row in convs) == designs.bottleneck.weights
        assert sum(row.macs for row in convs) == designs.bottleneck.macs
