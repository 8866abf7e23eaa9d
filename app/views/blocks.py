"""One block of each network, drawn side by side at the same height."""

from collections.abc import Mapping, Sequence

from streamlit.delta_generator import DeltaGenerator

from app.components.drawing import drawing
from app.figures.block import block_drawing, drawn_rows
from app.figures.palette import SLOT_COLOURS
from app.slots import Slot
from app.text import Words
from resnet_core.plan import Unit


def show(units: Mapping[Slot, Unit], places: Sequence[DeltaGenerator], words: Words) -> None:
    """Each network's unit in its own place."""
    rows = max(drawn_rows(unit) for unit in units.values())
    for (slot, unit), place in zip(units.items(), places, strict=True):
        with place:
            drawing(block_drawing(unit, SLOT_COLOURS[slot], words, rows=rows), key=f"block-{slot}")
