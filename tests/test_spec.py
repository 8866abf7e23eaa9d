"""The specification as a value: what its fields do and do not change, and that every one survives its texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from resnet_core import ArchSpec, Refusal, TrainSpec, plan, preset
from resnet_core.depths import stages_for_depth
from resnet_core.fields import field_table, to_text
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.records import dumps
from resnet_core.spec import ARCH_FIELDS
from tests.strategies import arch_specs, train_specs, values_of

Spec = type[ArchSpec] | type[TrainSpec]


@given(arch_specs(), st.data())
def test_a_field_that_is_idle_changes_nothing_and_says_why(spec: ArchSpec, data: st.DataObject) -> None:
    """Every value of such a field gives the same layers, and the same first weights."""
    start = ArchSpec()
    # "cut" may be idle for its own value alone, as blocks that the network does not have; then another one counts.
    idle = [name for name in ARCH_FIELDS if spec.with_(**{name: getattr(start, name)}).idle(name)]
    for name in idle:
        value = data.draw(values_of(ARCH_FIELDS[name], {"groups": 4}), label=name)
        other = spec.with_(**{name: value})
        assert plan(other).layers == plan(spec).layers
        assert other.starts_branch_at_zero == spec.starts_branch_at_zero
        assert spec.idle(name).endswith(".")


@given(arch_specs())
def test_a_field_that_is_not_idle_can_change_the_network(spec: ArchSpec) -> None:
    """Some value of it gives other layers, or other first weights."""
    samples: dict[str, list[Any]] = {
        "stages": [(1,), (2, 2)], "cut": [(), tuple(range(1, 10))], "image_size": [7, "9x33"],
        "residual_scale": [None, 0.0, 1.0],
    }  # fmt: skip
    for name, field in ARCH_FIELDS.items():
        if spec.idle(name):
            continue
        values = samples.get(name) or list(field.choices) or ([True, False] if field.kind == "switch" else [])
        values = values or [field.minimum, field.default, field.maximum]
        if name in ("width", "width_per_group"):  # which must leave a group a channel
            values = [field.maximum, field.maximum - 64]
        if name == "groups":
            values = [1, 2]
        changed = [spec.with_(**{name: value}) for value in values]
        before = plan(spec).layers, spec.starts_branch_at_zero
        assert any((plan(one).layers, one.starts_branch_at_zero) != before for one in changed), name


def test_no_toggle_refuses_what_another_has_set() -> None:
    resnext = preset("resnext50_32x4d")
    basic = resnext.with_(block="basic")
    assert basic.idle("groups") == basic.idle("width_per_group") == basic.idle("stride_on") != ""
    assert basic.with_(block="bottleneck") == resnext, "it counts again when it applies"
    dropped = ArchSpec(shortcut="dropout", zero_init_residual=True, cut=(3,), stochastic_depth=0.5)
    plain = dropped.with_(skip=False)
    for name in ("shortcut", "projection", "zero_init_residual", "cut", "stochastic_depth", "dropout_rate"):
        assert plain.idle(name) == "A plain network has no shortcut."
    assert plan(plain).layers == plan(ArchSpec(skip=False)).layers
    assert plain.with_(skip=True) == dropped
    assert ArchSpec(projection="C", shortcut="dropout").idle("shortcut").startswith("Projection C")
    cut = dropped.with_(cut="1-27")
    for name in ("skip", "shortcut", "projection", "zero_init_residual", "stochastic_depth", "dropout_rate"):
        assert cut.idle(name) == "Every shortcut is cut."
    assert not cut.idle("cut")
    assert ArchSpec(cut="28-30").idle("cut") == "The network has fewer blocks than that."
    bottlenecks = ArchSpec(stages=(1, 1), block="bottleneck")
    assert bottlenecks.idle("shortcut") == "No block that has a shortcut keeps its shape."
    assert bottlenecks.with_(stages=(1,)).idle("stride_on") == "There is a single stage, so no block strides."
    assert not [
        name for name in ARCH_FIELDS if resnext.idle(name) and getattr(resnext, name) != ArchSpec().values()[name]
    ]


@pytest.mark.parametrize("image_size", [28, 17, 3, 1, "1x7"])
def test_a_small_image_is_a_legal_one(image_size: int | str) -> None:
    layers = plan(preset("resnet18").with_(image_size=image_size, num_classes=1))
    assert layers.units[-1].body.out_shape == (512, 1, 1)
    assert layers.head.out_shape == (1, 1, 1)


def test_blocks_to_cut_are_written_as_a_list_or_a_range() -> None:
    assert ArchSpec(cut="5-7,2, 6").cut == ArchSpec(cut=[7, 5, 6, 2]).cut == (2, 5, 6, 7)
    assert ArchSpec(cut="").cut == ArchSpec(cut="  ").cut == ()
    assert ArchSpec().with_(cut=to_text((4,))).cut == (4,)


@given(arch_specs())
def test_an_architecture_survives_text_json_and_keywords(spec: ArchSpec) -> None:
    written = {name: to_text(value) for name, value in spec.values().items()}
    assert ArchSpec().with_(**written) == spec
    assert ArchSpec(**written) == spec
    assert ArchSpec(**json.loads(dumps(spec.model_dump(mode="json")))) == spec
    assert ArchSpec.model_validate_json(spec.model_dump_json()) == spec
    assert ArchSpec(**spec.values()) == spec
    assert hash(ArchSpec(**spec.values())) == hash(spec)


@given(train_specs())
def test_a_training_survives_text_json_and_keywords(spec: TrainSpec) -> None:
    assert TrainSpec().with_(**{name: to_text(value) for name, value in spec.values().items()}) == spec
    assert TrainSpec.model_validate_json(spec.model_dump_json()) == spec


@given(arch_specs(), arch_specs())
def test_differences_are_what_leads_from_one_to_the_other(here: ArchSpec, there: ArchSpec) -> None:
    changes = here.differences(there)
    assert here.with_(**{name: new for name, (_, new) in changes.items()}) == there
    assert all(getattr(here, name) == old != new for name, (old, new) in changes.items())
    assert (changes == {}) == (here == there)


def test_it_is_frozen() -> None:
    spec = ArchSpec()
    with pytest.raises(ValidationError, match="frozen"):
        spec.width = 32  # type: ignore[misc]
    assert spec.with_(width=32).width == 32
    assert spec.width == 16


@pytest.mark.parametrize("text", ["27,", " 27,"])
def test_one_stage_is_written_with_a_comma(text: str) -> None:
    assert ArchSpec(stages=text).stages == (27,)
    assert ArchSpec().with_(stages=text).stages == (27,)
    assert to_text((27,)) == "27,"


@pytest.mark.parametrize(
    ("stem", "block", "depth", "stages"),
    [
        ("cifar", "basic", 56, (9, 9, 9)),
        ("cifar", "basic", 1202, (200, 200, 200)),
        ("cifar", "bottleneck", 164, (18, 18, 18)),
        ("imagenet", "basic", 34, (3, 4, 6, 3)),
        ("imagenet", "bottleneck", 152, (3, 8, 36, 3)),
    ],
)
def test_a_depth_stands_for_its_stages(stem: str, block: str, depth: int, stages: tuple[int, ...]) -> None:
    base = ArchSpec(stem=stem, block=block)
    assert base.with_(depth=depth).stages == base.with_(stages=str(depth)).stages == stages
    assert base.with_(depth=str(depth)).depth == depth
    assert ArchSpec().with_(depth=depth, stem=stem, block=block).stages == stages
    assert stages_for_depth(depth, stem=stem, block=block) == stages


@pytest.mark.parametrize(("kind", "table"), [(ArchSpec, ARCH_FIELDS), (TrainSpec, TRAIN_FIELDS)])
def test_the_table_has_every_field_with_its_words_and_limits(kind: Spec, table: dict[str, Any]) -> None:
    assert table == field_table(kind)
    assert list(table) == list(kind.model_fields) == list(kind().values())
    for name, field in table.items():
        assert (field.name, field.default) == (name, getattr(kind(), name))
        assert field.title
        assert field.help.endswith(".")
        assert (field.kind == "choice") == bool(field.choices)
        if field.kind in ("whole", "real", "real_or_off"):
            assert field.default is None or field.minimum <= field.default <= field.maximum
            for beyond in (field.minimum - 1, field.maximum + 1):
                with pytest.raises(Refusal, match=f"from {field.minimum} to {field.maximum}"):
                    kind(**{name: beyond})
        for value in field.choices:
            assert getattr(kind().with_(**{name: value}), name) == value
