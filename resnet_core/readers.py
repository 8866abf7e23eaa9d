"""How the values of a network's fields are read that are more than a number or a name. No torch here."""

from operator import index
from typing import Any

from resnet_core.depths import MAX_BLOCKS_IN_A_STAGE
from resnet_core.errors import N_, FieldName, Refusal
from resnet_core.fields import read_size, shorten

MAX_STAGES = 6
MAX_BLOCKS = MAX_STAGES * MAX_BLOCKS_IN_A_STAGE
SIDES = 1, 1024  # of an image, in pixels


def read_stages(value: Any) -> tuple[int, ...]:
    """Blocks in each stage, from a list or from text such as ``3,4,6,3``."""
    items = value.split(",") if isinstance(value, str) else value
    if isinstance(items, list) and items and items[-1] == "":
        items = items[:-1]  # "27," is a single stage, as in Python
    try:
        # index() takes whole numbers only, where int() would cut off what stands behind the point.
        stages = tuple(int(item) if isinstance(item, str) else index(item) for item in items)
    except (TypeError, ValueError):
        stages = ()
    if not 1 <= len(stages) <= MAX_STAGES or not all(1 <= n <= MAX_BLOCKS_IN_A_STAGE for n in stages):
        raise Refusal(
            N_(
                "{name}: list the blocks of 1 to {stages} stages, each from 1 to {blocks}, such as 3,4,6,3; got {got}."
            ),
            field="stages", name=FieldName("stages", N_("Blocks in each stage")),
            stages=MAX_STAGES, blocks=MAX_BLOCKS_IN_A_STAGE, got=shorten(value),
        )  # fmt: skip
    return stages


def read_cut(value: Any) -> tuple[int, ...]:
    """Numbers of blocks in order and once each, from a list or from text such as ``5,6,9-12``."""
    items = [item for item in value.split(",") if item.strip()] if isinstance(value, str) else value
    try:
        found: set[int] = set()
        for item in items:
            ends = [int(end) for end in item.split("-")] if isinstance(item, str) else [index(item)]
            if not (len(ends) <= 2 and 1 <= ends[0] <= ends[-1] <= MAX_BLOCKS):
                raise ValueError
            found.update(range(ends[0], ends[-1] + 1))
    except (TypeError, ValueError):
        raise Refusal(
            N_("{name}: list the numbers of blocks, counted from 1, such as 5,6,7 or 5-7; got {got}."),
            field="cut", name=FieldName("cut", N_("Cut shortcuts")), got=shorten(value),
        ) from None  # fmt: skip
    return tuple(sorted(found))


def read_image_size(value: Any) -> int | str:
    """The size of an image; ValueError for what is none."""
    return read_size(value, *SIDES)
