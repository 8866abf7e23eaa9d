"""What other counting tools say of a network, on demand and in the background, closed against the formula."""

import streamlit as st

from app import state
from app.asked import Ask, of_networks
from app.slots import SLOT_NAMES, SLOTS
from app.views import study


@st.fragment
def show() -> None:
    """The section: a button for a network, then each tool's total beside the formula's, and its own table."""
    words = state.resume()
    st.subheader(words("What the counting tools say"))
    st.markdown(
        words(
            "Tools that count one network disagree because they count different things. Ask them, and see "
            "each "
            "total taken apart."
        )
    )
    asks = [
        Ask(
            words("Count {slot} with fvcore, torchinfo and torch", slot=SLOT_NAMES[slot]),
            of_networks(slot),
            ["counts"],
        )
        for slot in SLOTS
    ]
    study.section("tools", asks, words, options=False)
