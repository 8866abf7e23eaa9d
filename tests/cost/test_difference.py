"""What a toggle adds, removes and reshapes, by name."""

import sys
from subprocess import run

import pytest

from resnet_core import ArchSpec, count, plan, preset, presets
from resnet_core.cost.difference import Difference, LayerGroup, difference


def between(a: ArchSpec, b: ArchSpec) -> Difference:
    return difference(count(a), count(b))


def names(groups: tuple[LayerGroup, ...]) -> dict[str, int]:
    return {group.title: group.layers for group in groups}


def test_a_network_does_not_differ_from_itself() -> None:
    found = between(ArchSpec(), ArchSpec())
    assert (found.fields, found.only_a, found.only_b, found.reshaped) == ((), (), (), ())
    assert found.alike == len(plan(ArchSpec()))
    assert all(total.difference == 0 for total in found.totals)


def test_the_plain_twin_lacks_the_additions_and_the_padding_and_nothing_else() -> None:
    found = between(preset("cifar56"), preset("plain56"))
    assert [(field.name, field.a, field.b) for field in found.fields] == [("skip", True, False)]
    assert names(found.only_a) == {
        "layer1.0–8.add": 9,
        "layer2.0.downsample": 1, "layer2.0–8.add": 9,
        "layer3.0.downsample": 1, "layer3.0–8.add": 9,
    }  # fmt: skip
    assert (found.only_b, found.reshaped) == ((), ())
    assert {total.name: total.difference for total in found.totals if total.name != "inference_bytes"} == {
        "params": 0, "macs": 0, "saved_bytes": 0,
    }  # fmt: skip


def test_more_blocks_of_a_stage_are_one_line_for_each_layer_of_a_block() -> None:
    found = between(preset("resnet50"), preset("resnet101"))
    assert set(names(found.only_b).values()) == {17}
    assert {group.title for group in found.only_b} >= {"layer3.6–22.conv1", "layer3.6–22.add"}
    assert found.totals[0].difference == 44_549_160 - 25_557_032


def test_other_classes_reshape_the_last_layer_alone() -> None:
    found = between(ArchSpec(), ArchSpec(num_classes=100))
    (last,) = found.reshaped
    assert (last.title, last.stage, last.layers) == ("fc", 0, 1)
    assert last.a is not None
    assert last.b is not None
    assert (last.a.out_shape, last.b.out_shape) == ((10, 1, 1), (100, 1, 1))


def test_where_a_wider_width_meets_a_stride_the_first_block_has_a_line_of_its_own() -> None:
    found = between(ArchSpec(), ArchSpec(width=32))
    titles = [group.title for group in found.reshaped]
    assert {"layer2.0.conv1", "layer2.1–8.conv1"} <= set(titles)
    assert len(titles) == len(set(titles))


def test_a_constant_is_no_shape() -> None:
    scaled = ArchSpec(shortcut="constant_scaling")
    found = between(scaled, scaled.with_(shortcut_scale=0.25))
    assert [field.name for field in found.fields] == ["shortcut_scale"]
    assert found.reshaped == ()


@pytest.mark.parametrize("name", [name for name in presets() if "1202" not in name and "1001" not in name])
def test_the_lines_account_for_every_layer_of_both_sides(name: str) -> None:
    a, b = preset("resnet50"), preset(name)
    found = between(a, b)
    only_a, only_b, reshaped = (
        sum(group.layers for group in groups) for groups in (found.only_a, found.only_b, found.reshaped)
    )
    assert found.alike + reshaped + only_a == len(plan(a))
    assert found.alike + reshaped + only_b == len(plan(b))
    assert len(found.only_a) + len(found.only_b) + len(found.reshaped) < 150


def test_no_torch_is_needed() -> None:
    code = "import sys, resnet_core.cost.difference; sys.exit('torch' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
