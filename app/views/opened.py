"""The block that is open: its operators in their order, its formula, and its rows of the ledger, for A and for B."""

from collections.abc import Mapping

import streamlit as st

from app import controls
from app.components.maps import maps
from app.figures.ledger import block_rows
from app.slots import Slot
from app.text import Words
from app.views import blocks
from resnet_core.cost.ledger import Ledger, Row
from resnet_core.plan import Unit


def number_of(asked: int, ledgers: Mapping[Slot, Ledger]) -> int:
    """The block on show, counted from 1: the one that was asked for, if a network has it, else an ordinary one."""
    plans = [ledger.plan for ledger in ledgers.values()]
    if 0 < asked <= max(len(plan.units) for plan in plans):
        return asked
    return plans[0].units.index(plans[0].ordinary_unit) + 1


def show(ledgers: Mapping[Slot, Ledger], number: int, ticket: str, words: Words) -> None:
    """The section. A network with fewer blocks shows its last one. ``ticket``: what is measured of both."""
    units = {slot: ledger.plan.units[min(number, len(ledger.plan.units)) - 1] for slot, ledger in ledgers.items()}
    st.subheader(words("Block {n}, opened", n=number), anchor=False)
    places = st.columns(2)
    for place, (slot, unit) in zip(places, units.items(), strict=True):
        ledger = ledgers[slot]
        told = words("Block {n} of {of} ({name})", n=ledger.plan.units.index(unit) + 1, of=len(ledger.plan.units),
                     name=unit.name)  # fmt: skip
        place.html(f'<div class="rx-blockname">{controls.coloured_name(slot)} {told}</div>')
    blocks.show(units, places, words)
    st.markdown(f"**{words('What the image becomes in this block')}**")
    maps(key="maps", block=number, ticket=ticket, words=words)
    places = st.columns(2)
    for place, (slot, unit) in zip(places, units.items(), strict=True):
        with place:
            st.html(block_rows(_rows(ledgers[slot], unit), words))


def _rows(ledger: Ledger, unit: Unit) -> list[Row]:
    return [row for row in ledger.rows if (row.stage, row.block) == (unit.stage, unit.block)]
