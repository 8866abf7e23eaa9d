"""Random valid specifications, drawn field by field from the field tables: a new field is searched from its first day.

Sizes stay small enough to build and run each network in milliseconds. What the fields demand of each other is met by
drawing in order, so that nothing has to be thrown away.
"""

from typing import Any

from hypothesis import strategies as st

from resnet_core import ArchSpec, TrainSpec
from resnet_core.fields import SpecField
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS

LARGEST = {  # where a field's own maximum would take too long
    "width": 12,
    "image_size": 20,
    "num_classes": 12,
    "groups": 4,
    "width_per_group": 96,
    "expansion": 4,
    "in_channels": 4,
}


def values_of(field: SpecField, largest: dict[str, int]) -> st.SearchStrategy[Any]:
    """Any value of one field, whatever the others are."""
    match field.kind:
        case "choice":
            return st.sampled_from(list(field.choices))
        case "switch":
            return st.booleans()
        case "wholes":
            return st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)
        case "whole":
            assert field.minimum is not None
            assert field.maximum is not None
            return st.integers(int(field.minimum), min(int(field.maximum), largest.get(field.name, 2**63)))
        case "real":
            return st.floats(field.minimum, field.maximum)
        case "token":
            return st.just("") | st.text("0123456789abcdef", min_size=16, max_size=16)


@st.composite
def arch_specs(draw: st.DrawFn, /, **fixed: Any) -> ArchSpec:
    """A valid network; ``fixed`` fields keep the value given, so that they must fit together with any others."""
    drawn = {
        name: fixed[name] if name in fixed else draw(values_of(field, LARGEST), label=name)
        for name, field in ARCH_FIELDS.items()
    }
    if drawn["block"] == "basic":
        drawn |= {"groups": 1, "width_per_group": 64}
    # A group needs a channel, and the last map a pixel.
    drawn["width_per_group"] = max(drawn["width_per_group"], -(-64 // drawn["width"]))
    shrink = (4 if drawn["stem"] == "imagenet" else 1) * 2 ** (len(drawn["stages"]) - 1)
    drawn["image_size"] = max(drawn["image_size"], shrink)
    if not drawn["skip"] or drawn["projection"] == "C":
        drawn["shortcut"] = "identity"
    if not ArchSpec(**{**drawn, "zero_init_residual": False}).ends_branch_with_norm:
        drawn["zero_init_residual"] = False
    return ArchSpec(**drawn)


@st.composite
def train_specs(draw: st.DrawFn) -> TrainSpec:
    """A valid training recipe, over the whole range of each field."""
    drawn = {name: draw(values_of(field, {}), label=name) for name, field in TRAIN_FIELDS.items()}
    drawn["drops"] = tuple(sorted(draw(st.sets(st.integers(1, 99), max_size=3), label="drops")))
    if drawn["optimizer"] != "sgd" or not drawn["momentum"]:
        drawn["nesterov"] = False
    return TrainSpec(**drawn)
