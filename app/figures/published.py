"""What is printed of a network elsewhere, apart from what is counted and measured here. HTML from a preset's row."""

from collections.abc import Mapping
from html import escape
from itertools import groupby

from app.figures.palette import SLOT_COLOURS
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.presets import QUANTITIES, Preset


def published(rows: Mapping[Slot, Preset | None], words: Words) -> str:
    """A line for each slot: the figures of exactly this network by their source; empty where nothing is printed."""
    return f'<div class="rx-published">{"".join(_line(slot, row, words) for slot, row in rows.items())}</div>'


def _line(slot: Slot, row: Preset | None, words: Words) -> str:
    if row is None or not row.published:
        return "<p></p>"
    told, named_before = [], ""
    for source, figures in groupby(row.published, key=lambda figure: figure.source):
        named = ", ".join(words(QUANTITIES[figure.quantity], figure=figure.printed) for figure in figures)
        paper, _, place = source.partition(", ")
        told.append(f"{named} ({place if paper == named_before else source})")
        named_before = paper
    letter = f'<b style="color:{SLOT_COLOURS[slot]}">{SLOT_NAMES[slot]}</b>'
    return f'<p data-published="{slot}">{letter} {escape(words("published: {figures}", figures="; ".join(told)))}</p>'
