"""The way back of a specification that was taken along: its file, or its text, into a slot."""

import streamlit as st

from app import link, state
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.spec_file import MAX_BYTES, SUFFIX, read_spec

NAME = "file"  # under which the state keeps why one was refused


def show(slot: Slot, words: Words) -> None:
    """A place for the file and one for its text, and under them why the last could not be used."""
    # A file that has been read lets its place be empty again, for the network may be changed after it.
    key = f"{slot}.{NAME}.{st.session_state.get(_count(slot), 0)}"
    st.file_uploader(
        words("A specification file for {slot}", slot=SLOT_NAMES[slot]), type=SUFFIX.removeprefix("."), key=key,
        max_upload_size=1, on_change=_upload, args=(slot, key),
    )  # fmt: skip
    pasted = f"{key}.text"
    st.text_area(
        words("... or its text"), key=pasted, height=70, max_chars=MAX_BYTES, on_change=_paste, args=(slot, pasted),
        placeholder='{"block": "bottleneck", "stages": [3, 4, 6, 3]}',
    )  # fmt: skip
    if refused := state.refused(slot, NAME):
        st.error(words.refusal(refused.refusal))
    st.caption(
        words(
            "As it is offered under “{place}”; what it does not name is as in ResNet-56.",
            place=words("Take it with you"),
        )
    )


def _upload(slot: Slot, key: str) -> None:
    if file := st.session_state[key]:  # none where it was taken out again
        _take(slot, file.getvalue())


def _paste(slot: Slot, key: str) -> None:
    if text := st.session_state[key].strip():
        _take(slot, text)


def _take(slot: Slot, text: str | bytes) -> None:
    state.take_network(slot, lambda: link.network_of(read_spec(text)), NAME)
    if not state.refused(slot, NAME):
        st.session_state[_count(slot)] = st.session_state.get(_count(slot), 0) + 1


def _count(slot: Slot) -> str:
    return f"{slot}.{NAME}.taken"
