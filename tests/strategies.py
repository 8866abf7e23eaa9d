"""Random valid specifications, drawn field by field from the field tables: a new field is searched from its first day.

Sizes stay small enough to build and run each network in milliseconds.
"""

from typing import Any

from hypothesis import strategies as st

from resnet_core import ArchSpec, TrainSpec
from resnet_core.fields import SpecField, read_size
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS, SIDES

LARGEST = {  # where a field's own maximum would take too long
    "width": 12,
    "stem_width": 12,
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
        case "wholes" if field.name == "cut":
            return st.sets(st.integers(1, 10), max_size=5).map(lambda blocks: tuple(sorted(blocks)))
        case "wholes":
            return st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)
        case "whole":
            assert field.minimum is not None
            assert field.maximum is not None
            return st.integers(int(field.minimum), min(int(field.maximum), largest.get(field.name, 2**63)))
        case "real":
            return st.floats(field.minimum, field.maximum)
        case "real_or_off":
            return st.none() | st.floats(field.minimum, field.maximum)
        case "size":
            assert field.minimum is not None
            side = st.integers(int(field.minimum), largest.get(field.name, 64))
            return side | st.tuples(side, side).map(lambda sides: read_size(f"{sides[0]}x{sides[1]}", *SIDES))
        case "token":
            return st.just("") | st.text("0123456789abcdef", min_size=16, max_size=16)


@st.composite
def arch_specs(draw: st.DrawFn, /, **fixed: Any) -> ArchSpec:
    """A valid network; ``fixed`` fields keep the value given, so that they must fit together with any others."""
    drawn = {
        name: fixed[name] if name in fixed else draw(values_of(field, LARGEST), label=name)
        for name, field in ARCH_FIELDS.items()
    }
    # A group needs a channel: the one thing that fields demand of each other.
    drawn["width_per_group"] = max(drawn["width_per_group"], -(-64 // drawn["width"]))
    if drawn["norm"] == "group":  # and a group on a map of one pixel two channels, which model.build demands
        drawn["image_size"] = LARGEST["image_size"]
    return ArchSpec(**drawn)


@st.composite
def train_specs(draw: st.DrawFn) -> TrainSpec:
    """A valid training recipe, over the whole range of each field."""
    drawn = {name: draw(values_of(field, {}), label=name) for name, field in TRAIN_FIELDS.items()}
    drawn["drops"] = tuple(sorted(draw(st.sets(st.integers(1, 99), max_size=3), label="drops")))
    if drawn["optimizer"] != "sgd" or not drawn["momentum"]:
        drawn["nesterov"] = False
    return TrainSpec(**drawn)
