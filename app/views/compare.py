"""A against B: what differs in specification, layers and totals, and on request the time of each on this machine."""

from collections.abc import Mapping

import streamlit as st

from app import state
from app.asked import Ask, of_networks
from app.figures.compare import fields_table, layers_table, totals_table
from app.link import Network
from app.slots import SLOTS, Slot
from app.text import Words
from app.views import study
from resnet_core.cost.difference import difference
from resnet_core.cost.ledger import count


@st.fragment
def show() -> None:
    """The section, folded away; it is made only while it is open."""
    words = state.resume()
    with st.expander(
        words("A against B: what differs, and the time of each"), key="compare", on_change="rerun"
    ) as folded:
        if not folded.open:
            return
        networks = {slot: state.experiment().network(slot) for slot in SLOTS}
        _differences(networks, words)
        st.markdown(words("**The time of each.** Multiply-adds are a count, not a time. Measure both on this machine."))
        title, measured = words("Measure the time"), ["latency", "kernels", "roofline"]
        study.section("compare", [Ask(title, of_networks(*SLOTS), measured)], words)


def _differences(networks: Mapping[Slot, Network], words: Words) -> None:
    found = difference(count(networks["a"].spec), count(networks["b"].spec))
    if not found.fields:
        st.markdown(words("A and B are the same network. Change one thing above to see what differs."))
        return
    left, right = st.columns(2)
    left.html(fields_table(found, words))
    right.html(totals_table(found, words))
    if found.only_a or found.only_b or found.reshaped:
        st.html(layers_table(found, words))
    source = words(
        "From formulas, for one image in float32. Layers are compared by name; {alike} are alike in both networks.",
        alike=f"{found.alike:,}",
    )
    st.html(f'<div class="rx-source">{source}</div>')
