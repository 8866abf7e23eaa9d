"""Explore: two networks on one stage, what they cost, and what is measured of each block."""

import time

import streamlit as st

from app import controls, state
from app.figures.numbers import metrics_of, numbers_strip
from app.figures.published import published
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.text.sentences import what_happened
from app.views import (
    bottleneck,
    compare,
    export,
    frame,
    landscape,
    lesson,
    measurements,
    memory,
    opened,
    opening,
    stage,
    table,
    tools,
    ways,
)
from resnet_core.cost.ledger import Ledger, count
from resnet_core.recipe import TRAIN_FIELDS

# The browser draws all that has arrived at once. With this lead, the new numbers stand before the rest comes.
HEAD_START_S = 0.03


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
    first = st.container(gap="xsmall")  # all of it on one screen of 1280 by 800
    with first:
        opening.show(words)
        cards, numbers = st.container(), st.container()
    ledgers = {slot: count(state.experiment().network(slot).spec) for slot in SLOTS}
    with numbers:
        _numbers(ledgers, words)
    number = opened.number_of(state.experiment().block, ledgers)
    with first:
        ticket = stage.show(ledgers, number, words)
    time.sleep(HEAD_START_S)
    with cards:
        for slot, place in zip(SLOTS, st.columns(2), strict=True):
            with place:
                controls.network_card(slot, words)
    elsewhere, seed = st.columns([6, 1], vertical_alignment="bottom")
    told = words("Parameters, multiply-adds, saved activations and depth: from formulas, for one image in float32.")
    row = published({slot: state.experiment().network(slot).row for slot in SLOTS}, words)
    about = TRAIN_FIELDS["seed"]
    told += f" {words(about.title)}: {words(about.help)}"
    elsewhere.html(f'<div class="rx-source">{told}</div>{row}')
    with seed:
        controls.train_field("seed", state.experiment().train.seed, words)
    ways.show(words)
    opened.show(ledgers, number, ticket, words)
    table.show(ledgers, words)
    memory.show(ledgers, words)
    compare.show()
    landscape.show(words)
    export.show()


def _numbers(ledgers: dict[Slot, Ledger], words: Words) -> None:
    """What both cost, what the last change did to that, and what is published of just these networks."""
    change = state.last_change()
    metrics = metrics_of(ledgers, words)
    lit: set[tuple[str, Slot]] = set()
    told = words("Try it: click an arc of A to cut it, or switch on the skip connections of B.")
    if change:
        before = count(change.before)
        was = metrics_of({**ledgers, change.slot: before}, words)
        lit = {(new.name, change.slot) for new, old in zip(metrics, was, strict=True) if new.values != old.values}
        told = what_happened(SLOT_NAMES[change.slot], before, ledgers[change.slot], words)
    st.html(numbers_strip(metrics, lit, words) + f'<div class="rx-happened" aria-live="polite">{told}</div>')
