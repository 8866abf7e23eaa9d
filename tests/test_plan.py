"""The plan: torchvision's names, shapes that chain, and the orders of arXiv:1603.05027, Figure 4."""

import sys
from pathlib import Path

import pytest
from hypothesis import given

from resnet_core import ArchSpec, Body, Layer, Plan, plan, preset
from resnet_core.layer import INPUT
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
def test_every_layer_reads_what_was_computed_before_it_in_the_shape_it_has(spec: ArchSpec) -> None:
    layers = plan(spec)
    shape = (spec.in_channels, *spec.image_shape)
    shape = _follow(layers.stem, shape)
    for unit in layers.units:
        shape = _follow(unit.body, shape)
        assert shape[0] == spec.channels(unit.stage - 1)
        assert all((layer.stage, layer.block) == (unit.stage, unit.block) for layer in unit.layers)
        assert all(layer.name.startswith(f"layer{unit.stage}.{unit.block - 1}.") for layer in unit.layers)
    shape = _follow(layers.head, shape)
    assert shape == (spec.num_classes, 1, 1)


def _follow(body: Body, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    assert body.in_shape == shape
    shapes = {INPUT: shape}
    read = set()
    for layer in body.layers:
        assert layer.in_shapes == tuple(shapes[name] for name in layer.inputs), layer
        assert min(layer.out_shape) >= 1
        assert layer.in_shape[0] % layer.groups == layer.out_shape[0] % layer.groups == 0
        assert layer.name not in shapes
        shapes[layer.name] = layer.out_shape
        read.update(layer.inputs)
    assert read == set(shapes) - {body.layers[-1].name}, "but for the result, nothing is computed that nobody reads"
    assert body.out_shape == shapes[body.layers[-1].name]
    return body.out_shape


def test_the_block_of_the_paper_is_a_list_that_says_what_it_reads() -> None:
    body = plan(ArchSpec(stages=(2,))).units[1].body
    assert [(layer.name, *layer.inputs) for layer in body.layers] == [
        ("conv1", "x"), ("bn1", "conv1"), ("relu1", "bn1"), ("conv2", "relu1"), ("bn2", "conv2"), ("add", "bn2", "x"),
        ("relu2", "add"),
    ]  # fmt: skip


@given(arch_specs())
def test_the_plan_has_the_depth_and_the_blocks_of_its_specification(spec: ArchSpec) -> None:
    layers = plan(spec)
    aside = ("shortcut", "gate", "attention")
    weights = [layer for layer in layers if layer.op in ("conv", "fc") and layer.part not in aside]
    assert len(weights) == spec.depth
    assert [sum(unit.stage == stage for unit in layers.units) for stage in range(1, len(spec.stages) + 1)] == list(
        spec.stages
    )
    names = [layer.name for layer in layers]
    assert len(names) == len(set(names)) == len(layers)
    assert layers[0] == layers.layers[0]
    assert layers[-1:] == layers.layers[-1:]
    if spec.norm == "none":
        assert not any(layer.op in ("bn", "gn") for layer in layers)


@pytest.mark.parametrize("ordering", FIGURE_4)
def test_each_ordering_is_its_column_of_figure_4(ordering: str) -> None:
    body = plan(ArchSpec(stages=(2, 2), ordering=ordering)).units[1].body
    branch, exit_ = FIGURE_4[ordering]
    parts = tuple(_ops(body.part(part)) for part in ("entry", "branch", "shortcut", "exit"))
    assert parts == ("", branch, "", exit_)
    assert body.addition is not None


def test_the_table_of_figure_4_is_complete() -> None:
    assert set(FIGURE_4) == set(ORDERINGS) == set(ARCH_FIELDS["ordering"].choices)
    assert [row.figure for row in ORDERINGS.values()] == ["4(a)", "4(b)", "4(c)", "4(d)", "4(e)"]


@given(arch_specs(skip=False))
def test_a_plain_network_has_no_shortcut_at_all(spec: ArchSpec) -> None:
    layers = plan(spec)
    assert not {layer.part for layer in layers} & {"entry", "shortcut", "gate", "add"}
    assert not {layer.op for layer in layers} & {"add", "pad", "scale", "learned_scale", "stochastic_depth", "carry"}
    assert not [layer for layer in layers if "downsample" in layer.name]


# arXiv:1603.05027, Figure 2, where the shape stays: the shortcut, its gate, what the branch is multiplied by.
FIGURE_2 = {
    "identity": ("", "", ""),
    "constant_scaling": ("scale", "", "scale"),
    "exclusive_gating": ("carry", "conv sigmoid", "multiply"),
    "shortcut_only_gating": ("carry", "conv sigmoid", ""),
    "conv1x1": ("conv", "", ""),
    "dropout": ("dropout", "", ""),
}


def test_the_table_of_figure_2_is_complete() -> None:
    assert set(FIGURE_2) == set(ARCH_FIELDS["shortcut"].choices)


@given(arch_specs(skip=True))
def test_where_the_shape_changes_the_projection_decides_and_where_it_stays_the_shortcut(spec: ArchSpec) -> None:
    norm = {"batch": " bn", "group": " gn", "none": ""}[spec.norm]
    convolution = "conv" + (norm if spec.ordering not in ("bn_after_addition", "full_preact") else "")
    for number, unit in enumerate(plan(spec).units, start=1):
        body, projection = unit.body, spec.projection
        if number in spec.cut:
            assert not body.part("entry", "shortcut", "gate", "add")
            continue
        assert body.addition is not None
        reshapes = body.in_shape != body.addition.out_shape
        carried, gate = body.part("shortcut"), body.part("gate")
        on_branch = [layer for layer in body.part("branch") if layer.op in ("scale", "multiply")]
        found = tuple(" ".join(layer.op for layer in part) for part in (carried, gate, on_branch))
        if reshapes or projection == "C":
            pooled = projection == "D" and unit.stage > 1
            expected = "pad" if projection == "A" else f"meanpool {convolution}" if pooled else convolution
            assert found == (expected, "", "")
        else:
            shortcut, *others = FIGURE_2[spec.shortcut]
            assert found == (convolution if shortcut == "conv" else shortcut, *others)
        assert all(layer.kernel == 1 or layer.op == "meanpool" for layer in (*carried, *gate))


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

    def parts(body: Body) -> tuple[str, str]:
        return _ops(body.part("entry")), _ops(body.part("branch"))

    assert parts(first) == ("", "conv1 bn2 relu2 conv2")
    assert parts(reshaping) == ("bn1 relu1", "conv1 bn2 relu2 conv2")
    assert _ops(reshaping.part("shortcut")) == "downsample.0"
    assert parts(last) == ("", "bn1 relu1 conv1 bn2 relu2 conv2")
    assert _ops(layers.head.layers) == "bn_last relu_last avgpool fc"
    assert _ops(plan(ArchSpec(ordering="relu_only_preact")).head.layers) == "relu_last avgpool fc"
    assert _ops(plan(ArchSpec()).head.layers) == "avgpool fc"


@pytest.mark.parametrize(("stride_on", "strides"), [("3x3", [1, 2, 1]), ("1x1", [2, 1, 1])])
def test_the_stride_stands_on_the_convolution_that_is_named(stride_on: str, strides: list[int]) -> None:
    unit = plan(preset("resnet50").with_(stride_on=stride_on)).units[3]
    assert [layer.stride for layer in unit.body.part("branch") if layer.op == "conv"] == strides


def test_skip_changes_nothing_but_the_shortcut() -> None:
    spec = preset("resnet50")
    kept = [layer[:-3] for layer in plan(spec) if layer.part not in ("shortcut", "add")]
    assert kept == [layer[:-3] for layer in plan(spec.with_(skip=False))], "but for what the ReLU after it reads"


def _renew() -> None:
    for name, spec in PLANS.items():
        (GOLDEN / f"{name}.txt").write_text(_text(plan(spec)), encoding="utf-8")
        sys.stdout.write(f"wrote {name}.txt\n")


if __name__ == "__main__":
    _renew()
