"""The first lines of Explore: what this is, and the point of it, from a recorded race."""

import streamlit as st

from app import state
from app.figures.opening import not_recorded, provenance, the_point, what_it_is
from app.slots import SLOTS
from app.text import Words
from app.views import train
from resnet_core import recorded
from resnet_core.cost.ledger import count


def show(words: Words) -> None:
    """Two lines of text, and the way to the recorded race."""
    specs = {slot: state.experiment().network(slot).spec for slot in SLOTS}
    found = {slot: rows for slot, spec in specs.items() if (rows := recorded.of(spec))}
    text, way = st.columns([6, 1], vertical_alignment="center")
    if len(found) < len(specs):
        text.html(f'<div class="rx-opening"><p>{what_it_is(words)}</p><p>{not_recorded(words)}</p></div>')
        return
    a, b = (count(spec) for spec in specs.values())
    equal = (a.params, a.macs) == (b.params, b.macs)
    point = f'{the_point(found, equal, words)} <span class="rx-source">{provenance(found, words)}</span>'
    text.html(f'<div class="rx-opening"><p>{what_it_is(words)}</p><p>{point}</p></div>')
    if way.button(words("Watch it"), key="opening.watch", icon=":material/play_circle:", width="stretch"):
        state.show_run(".".join(recorded.RACE))
        state.turn_to(st.Page(train.show, url_path="train"))
