"""Explore: two networks side by side, what they cost, how they are built, and how much gradient reaches each block."""

import time
from html import escape

import streamlit as st

from app import controls, state
from app.components.drawing import drawing
from app.figures.network import network_drawing
from app.figures.numbers import metrics_of, numbers_strip
from app.figures.palette import SLOT_COLOURS
from app.figures.published import published
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.text.naming import said
from app.text.sentences import what_happened
from app.views import blocks, bottleneck, compare, export, frame, gradients, lesson, measurements, memory, table, tools
from resnet_core.cost.ledger import Ledger, count
from resnet_core.errors import N_

# The browser draws all that has arrived at once. With this lead, the new numbers stand before the rest comes.
HEAD_START_S = 0.03
# Which of a plan's blocks is drawn.
BLOCKS = {"ordinary_unit": N_("a block that keeps its shape"), "changing_unit": N_("the first block of a stage")}


def show() -> None:
    """The page."""
    _networks()
    lesson.show()
    bottleneck.show()
    tools.show()
    measurements.show()


@st.fragment
def _networks() -> None:
    words = state.resume()
    frame.notices(words)
    cards, numbers = st.container(), st.container()
    ledgers = {slot: count(state.experiment().network(slot).spec) for slot in SLOTS}
    with numbers:
        _numbers(ledgers, words)
    time.sleep(HEAD_START_S)
    with cards:
        for slot, place in zip(SLOTS, st.columns(2), strict=True):
            with place:
                controls.network_card(slot, words)
    drawn, flow = st.columns([10, 9])
    with flow:
        panel = gradients.Panel(words)
    with drawn:
        _blocks(ledgers, words)
    drawing("".join(_whole_network(slot, ledgers[slot], words) for slot in SLOTS), key="networks")
    table.show(ledgers, words)
    memory.show(ledgers, words)
    compare.show()
    export.show()
    panel.measure()  # last, for it may wait: everything above is already on its way to the browser


def _numbers(ledgers: dict[Slot, Ledger], words: Words) -> None:
    change = state.last_change()
    metrics = metrics_of(ledgers, words)
    lit = set()
    told = words("Change one thing above and see what it does: start with the skip connections of B.")
    if change:
        before = count(change.before)
        was = metrics_of({**ledgers, change.slot: before}, words)
        lit = {(new.name, change.slot) for new, old in zip(metrics, was, strict=True) if new.values != old.values}
        told = what_happened(SLOT_NAMES[change.slot], before, ledgers[change.slot], words)
    elsewhere = published({slot: state.experiment().network(slot).row for slot in SLOTS}, words)
    st.html(numbers_strip(metrics, lit, words) + elsewhere)
    st.html(f'<div class="rx-happened">{told}</div>')


def _blocks(ledgers: dict[Slot, Ledger], words: Words) -> None:
    which = st.segmented_control(
        words("Block that is drawn"), list(BLOCKS), key="block.which", default=next(iter(BLOCKS)), required=True,
        format_func=lambda name: words(BLOCKS[name]), label_visibility="collapsed",
    )  # fmt: skip
    units = {slot: getattr(ledger.plan, which) for slot, ledger in ledgers.items()}
    blocks.show(units, st.columns(2), words)


def _whole_network(slot: Slot, ledger: Ledger, words: Words) -> str:
    name = f"{controls.coloured_name(slot)} {escape(said(state.experiment().network(slot).title, words))}"
    return f"<div>{name}{network_drawing(ledger, SLOT_COLOURS[slot], words)}</div>"
