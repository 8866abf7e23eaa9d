"""Which named network a slot starts from: a list by family, with a line for each of what it is for."""

from itertools import groupby

import streamlit as st

from app import link, state
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.naming import said
from resnet_core.presets import Preset, presets


def show(slot: Slot, words: Words, *, inside: bool = False) -> None:
    """A button with the network's name in words, over the list; ``inside`` a popover, which holds no other, it unfolds.

    A list of Streamlit's own has neither groups nor room for a line, and cuts a long name off.
    """
    network, key = state.experiment().network(slot), f"{slot}.preset"
    title = words("Network {slot}: {name}", slot=SLOT_NAMES[slot], name=said(network.title, words))
    with (
        st.expander(title, key=key, on_change="rerun") if inside
        else st.popover(title, width="stretch", wrap=True, key=key, on_change="rerun")
    ) as listed:  # fmt: skip
        if listed.open:  # hidden widgets cost time at every toggle
            with st.container(key=f"{key}.list", gap="xxsmall"):
                _list(slot, network.row.name if network.row else "", words)


def _list(slot: Slot, current: str, words: Words) -> None:
    for group, rows in groupby(sorted(presets().values(), key=_family), lambda row: row.group):
        st.markdown(f"**{words(group)}**")
        for row in rows:
            # The stylesheet puts the line below the title; in a button of Streamlit's there is no other way to.
            st.button(
                f"**{row.title}** {words(row.line)}", key=f"{slot}.preset.{row.name}", type="tertiary", width="stretch",
                wrap=True, icon=":material/check:" if row.name == current else None, on_click=_take,
                args=(slot, row.name),
            )  # fmt: skip


def _family(row: Preset) -> int:
    """Families stand in the order of their first members, and within one the presets as in their table."""
    return list(dict.fromkeys(one.group for one in presets().values())).index(row.group)


def _take(slot: Slot, name: str) -> None:
    """Callback of a button: the list has done its work and closes."""
    st.session_state[f"{slot}.preset"] = False
    state.take_network(slot, lambda: link.network(name))
