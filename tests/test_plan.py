"""The plan: torchvision's names, shapes that chain, and the orders of arXiv:1603.05027, Figure 4."""

import sys
from pathlib import Path

import pytest
from hypothesis import given

from resnet_core import ArchSpec, Layer, Plan, plan, preset
from resnet_core.orderings import ORDERINGS
from resnet_core.spec import ARCH_FIELDS
from tests.strategies import arch_specs

GOLDEN = Path(__file__).parent / "golden"
PLANS = {
    "cifar20": preset("cifar20"),
    "plain20": preset("plain20"),
    "preact29": ArchSpec(block="bottleneck", ordering="full_preact", projection="B").with_(depth=29),
    "resnet18": preset("resnet18"),
    "resnet50": preset("resnet50"),
    "resnext50_32x4d": preset("resnext50_32x4d"),
}
RENEW = "python -m tests.test_plan"

# Figure 4 of the paper and its text, written apart from the table in the source: the branch after the fork, then what
# follows the addition. A basic block whose shape does not change, not the first of the network.
FIGURE_4 = {
    "original": ("conv1 bn1 relu1 conv2 bn2", "relu2"),
    "bn_after_addition": ("conv1 bn1 relu1 conv2", "bn2 relu2"),
    "relu_before_addition": ("conv1 bn1 relu1 conv2 bn2 relu2", ""),
    "relu_only_preact": ("relu1 conv1 bn1 relu2 conv2 bn2", ""),
    "full_preact": ("bn1 relu1 conv1 bn2 relu2 conv2", ""),
}


def _text(layers: Plan) -> str:
    """One line a layer, aligned for the eye."""
    return "".join(_line(layer) + "\n" for layer in layers)


def _line(layer: Layer) -> str:
    before, after = ("x".join(map(str, shape)) for shape in (layer.in_shape, layer.out_shape))
    window = f"k{layer.kernel} s{layer.stride} p{layer.padding} g{layer.groups}"
    return f"{layer.name:24} {layer.op:8} {before:>12} -> {after:12} {window:14} {layer.part}"


def test_the_two_blocks_that_are_drawn() -> None:
    def named(spec: ArchSpec) -> tuple[str, str]:
        return plan(spec).ordinary_unit.name, plan(spec).changing_unit.name

    assert named(ArchSpec()) == ("layer1.1", "layer2.0")
    assert named(ArchSpec(stages=(1, 3, 1))) == ("layer2.1", "layer2.0")
    assert named(ArchSpec(stages=(1, 1, 1))) == ("layer1.0", "layer2.0")
    assert named(ArchSpec(stages=(2,))) == ("layer1.1", "layer1.0")
    assert named(ArchSpec(stages=(1, 1), block="bottleneck")) == ("layer1.0", "layer2.0"), "none keeps its shape"
    assert named(ArchSpec(stages=(1, 1), block="bottleneck", expansion=1)) == ("layer1.0", "layer2.0")


def _ops(layers: tuple[Layer, ...]) -> str:
    return " ".join(layer.name for layer in layers)


@pytest.mark.parametrize("name", PLANS)
def test_the_plan_is_as_it_was_checked(name: str) -> None:
    golden = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert _text(plan(PLANS[name])) == golden, f"if the change is meant: {RENEW}, and read the difference"


@given(arch_specs())
def test_shapes_chain_through_both_paths(spec: ArchSpec) -> None:
    layers = plan(spec)
    shape = (spec.in_channels, spec.image_size, spec.image_size)
    shape = _follow(layers.stem, shape)
    for unit in layers.units:
        body = unit.body
        assert body.in_shape == shape
        fork = _follow(body.entry, shape)
        joint = _follow(body.branch, fork)
        if body.add:
            assert _follow(body.shortcut, fork) == joint == body.add.in_shape == body.add.out_shape
        if body.gate:
            assert _follow(body.gate, fork) == fork == joint
        for product in (body.branch_product, body.shortcut_product):
            assert product is None or product.in_shape == product.out_shape == joint
        shape = _follow(body.exit, joint)
        assert body.out_shape == shape
        assert shape[0] == spec.channels(unit.stage - 1)
        assert all((layer.stage, layer.block) == (unit.stage, unit.block) for layer in unit.layers)
        assert all(layer.name.startswith(f"layer{unit.stage}.{unit.block - 1}.") for layer in unit.layers)
    shape = _follow(layers.head, shape)
    assert shape == (spec.num_classes, 1, 1)


def _follow(layers: tuple[Layer, ...], shape: tuple[int, int, int]) -> tuple[int, int, int]:
    for layer in layers:
        assert layer.in_shape == shape, layer
        assert min(layer.out_shape) >= 1
        assert layer.in_shape[0] % layer.groups == layer.out_shape[0] % layer.groups == 0
        shape = layer.out_shape
    return shape


@given(arch_specs())
def test_the_plan_has_the_depth_and_the_blocks_of_its_specification(spec: ArchSpec) -> None:
    layers = plan(spec)
    weights = [layer for layer in layers if layer.op in ("conv", "fc") and layer.part not in ("shortcut", "gate")]
    assert len(weights) == spec.depth
    assert [sum(unit.stage == stage for unit in layers.units) for stage in range(1, len(spec.stages) + 1)] == list(
        spec.stages
    )
    names = [layer.name for layer in layers]
    assert len(names) == len(set(names)) == len(layers)
    assert layers[0] == layers.layers[0]
    assert layers[-1:] == layers.layers[-1:]
    if spec.norm == "none":
        assert not any(layer.op == "bn" for layer in layers)


@pytest.mark.parametrize("ordering", FIGURE_4)
def test_each_ordering_is_its_column_of_figure_4(ordering: str) -> None:
    body = plan(ArchSpec(stages=(2, 2), ordering=ordering)).units[1].body
    branch, exit_ = FIGURE_4[ordering]
    assert (_ops(body.entry), _ops(body.branch), _ops(body.shortcut), _ops(body.exit)) == ("", branch, "", exit_)
    assert body.add is not None


def test_the_table_of_figure_4_is_complete() -> None:
    assert set(FIGURE_4) == set(ORDERINGS) == set(ARCH_FIELDS["ordering"].choices)
    assert [row.figure for row in ORDERINGS.values()] == ["4(a)", "4(b)", "4(c)", "4(d)", "4(e)"]


@given(arch_specs(skip=False))
def test_a_plain_network_has_no_shortcut_at_all(spec: ArchSpec) -> None:
    layers = plan(spec)
    assert {layer.part for layer in layers} <= {"stem", "branch", "exit", "head"}
    assert {layer.op for layer in layers} <= {"conv", "bn", "relu", "maxpool", "avgpool", "fc"}
    assert not [layer for layer in layers if "downsample" in layer.name]


# arXiv:1603.05027, Figure 2, where the shape stays: the shortcut, its gate, what the branch is multiplied by.
FIGURE_2 = {
    "identity": ("", "", ""),
    "constant_scaling": ("scale", "", "scale"),
    "exclusive_gating": ("multiply", "conv sigmoid", "multiply"),
    "shortcut_only_gating": ("multiply", "conv sigmoid", ""),
    "conv1x1": ("conv", "", ""),
    "dropout": ("dropout", "", ""),
}


def test_the_table_of_figure_2_is_complete() -> None:
    assert set(FIGURE_2) == set(ARCH_FIELDS["shortcut"].choices)


@given(arch_specs(skip=True))
def test_where_the_shape_changes_the_projection_decides_and_where_it_stays_the_shortcut(spec: ArchSpec) -> None:
    normed = spec.norm == "batch" and spec.ordering not in ("bn_after_addition", "full_preact")
    convolution = "conv bn" if normed else "conv"
    for unit in plan(spec).units:
        body, projection = unit.body, spec.projection
        assert body.add is not None
        reshapes = body.branch[0].in_shape != body.add.out_shape
        carried = [*body.shortcut, *([body.shortcut_product] if body.shortcut_product else [])]
        on_branch = [layer for layer in body.branch if layer.op == "scale"]
        on_branch += [body.branch_product] if body.branch_product else []
        found = tuple(" ".join(layer.op for layer in part) for part in (carried, body.gate, on_branch))
        if reshapes or projection == "C":
            assert found == ("pad" if projection == "A" else convolution, "", "")
        else:
            shortcut, *others = FIGURE_2[spec.shortcut]
            assert found == (convolution if shortcut == "conv" else shortcut, *others)
        assert all(layer.kernel == 1 for layer in (*carried, *body.gate))


def test_constants_of_the_specification_stand_in_the_layers() -> None:
    spec = ArchSpec(stages=(2,), shortcut_scale=0.25, branch_scale=0.75, gate_bias=-3, dropout_rate=0.1)

    def values(shortcut: str) -> dict[str, float]:
        body = plan(spec.with_(shortcut=shortcut)).units[1].body
        return {layer.name: layer.value for layer in body.layers if layer.value}

    assert values("identity") == values("conv1x1") == {}
    assert values("constant_scaling") == {"branch_scale": 0.75, "shortcut_scale": 0.25}
    assert values("exclusive_gating") == values("shortcut_only_gating") == {"gate": -3.0}
    assert values("dropout") == {"dropout": 0.1}


def test_pre_activation_is_shared_where_the_shape_changes_and_left_out_at_the_first_block() -> None:
    """The paper's appendix: the first unit is activated by the stem, the last one by what follows it."""
    layers = plan(ArchSpec(stages=(2, 2), ordering="full_preact", projection="B"))
    first, _, reshaping, last = (unit.body for unit in layers.units)
    assert (_ops(first.entry), _ops(first.branch)) == ("", "conv1 bn2 relu2 conv2")
    assert (_ops(reshaping.entry), _ops(reshaping.branch)) == ("bn1 relu1", "conv1 bn2 relu2 conv2")
    assert _ops(reshaping.shortcut) == "downsample.0"
    assert (_ops(last.entry), _ops(last.branch)) == ("", "bn1 relu1 conv1 bn2 relu2 conv2")
    assert _ops(layers.head) == "bn_last relu_last avgpool fc"
    assert _ops(plan(ArchSpec(ordering="relu_only_preact")).head) == "relu_last avgpool fc"
    assert _ops(plan(ArchSpec()).head) == "avgpool fc"


@pytest.mark.parametrize(("stride_on", "strides"), [("3x3", [1, 2, 1]), ("1x1", [2, 1, 1])])
def test_the_stride_stands_on_the_convolution_that_is_named(stride_on: str, strides: list[int]) -> None:
    unit = plan(preset("resnet50").with_(stride_on=stride_on)).units[3]
    assert [layer.stride for layer in unit.body.branch if layer.op == "conv"] == strides


def test_skip_changes_nothing_but_the_shortcut() -> None:
    spec = preset("resnet50")
    kept = [layer for layer in plan(spec) if layer.part not in ("shortcut", "add")]
    assert kept == list(plan(spec.with_(skip=False)))


def _renew() -> None:
    for name, spec in PLANS.items():
        (GOLDEN / f"{name}.txt").write_text(_text(plan(spec)), encoding="utf-8")
        sys.stdout.write(f"wrote {name}.txt\n")


if __name__ == "__main__":
    _renew()
