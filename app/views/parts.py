"""Puts the parts of a study's figure on the page, and offers what was found to be kept and taken along."""

from collections.abc import Sequence

import streamlit as st

from app import cache
from app.components.plot import plot
from app.figures.onnx import file_name
from app.figures.parts import Chart, File, Html, Listing, Part, Text
from app.text import Words
from resnet_core.errors import Refusal
from resnet_core.export.findings import findings_csv
from resnet_core.jobs.kept import keep
from resnet_core.studies import Found


def show(drawn: Sequence[Part], key: str, words: Words) -> None:
    """All parts, one under the other; ``key`` tells the figures of a page apart."""
    for number, part in enumerate(drawn):
        match part:
            case Chart():
                chart(part, f"{key}.{number}", words)
            case Text():
                st.markdown(part.markdown)
            case Html():
                st.html(part.markup)
            case Listing():
                with st.expander(part.title):
                    st.code(part.text, language=None, wrap_lines=False, height=400)
                    _download(words("As text"), part.text, part.file_name, "text/plain", f"{key}.{number}")
            case File():
                _download(part.title, part.content, part.file_name, part.mime, f"{key}.{number}")


def chart(part: Chart, key: str, words: Words) -> None:
    """One figure; the same ``key`` keeps its zoom."""
    plot(part.figure, key=key, height=part.height, label=part.label, words=words)


def take(found: Found, key: str, words: Words, *, kept: bool = False) -> None:
    """Keep it under Runs, unless it is there, or take its records along."""
    title = words("Download ...") if kept else words("Keep ...")
    with st.popover(title, key=f"{key}.take", on_change="rerun") as folded:
        if not folded.open:
            return
        if not kept:
            st.button(words("Keep under Runs"), key=f"{key}.keep", width="stretch", on_click=_keep, args=(found, key))
            told = st.session_state.pop(f"{key}.kept", None)
            if isinstance(told, Refusal):
                st.error(words.refusal(told))
            elif told:
                st.caption(words("Kept as `{run}`; the page Runs lists it.", run=told))
        downloads(found, key, words)


def downloads(found: Found, key: str, words: Words) -> None:
    """The records for other programs."""
    name = f"{file_name(found.title)}-{found.study.name}"
    _download(words("Records, JSON"), found.to_json(), f"{name}.json", "application/json", f"{key}.json")
    _download(words("Records, CSV"), findings_csv(found.records), f"{name}.csv", "text/csv", f"{key}.csv")


def _keep(found: Found, key: str) -> None:
    """Callback of the button."""
    try:
        st.session_state[f"{key}.kept"] = keep(cache.desk().root, found)
    except Refusal as refusal:
        st.session_state[f"{key}.kept"] = refusal


def _download(title: str, content: str | bytes, name: str, mime: str, key: str) -> None:
    # Ignored: nothing on the page depends on it, so nothing is drawn again.
    st.download_button(title, content, name, mime, on_click="ignore", width="stretch", key=f"{key}.download")
