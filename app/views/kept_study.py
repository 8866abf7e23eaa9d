"""A kept study on the page Runs: drawn from its file, with what it was asked."""

import streamlit as st

from app import cache, state
from app.figures.studies import draw
from app.text import Words
from app.views import parts
from resnet_core.errors import N_
from resnet_core.fields import field_table, to_text
from resnet_core.jobs.kept import read_study
from resnet_core.jobs.store import HEADER, folder_of, title_of
from resnet_core.studies import Found

UNREADABLE = N_("This study cannot be read: another version of this program wrote it, or its files are damaged.")


def show(words: Words) -> None:
    """The study of the link, if it names one."""
    study_id = state.experiment().study
    if not study_id:
        return
    root = cache.desk().root
    found, folder = read_study(root, study_id), folder_of(root, study_id)
    with st.container(border=True, key="runs.study"):
        title, close = st.columns([6, 1], vertical_alignment="center")
        close.button(words("Close"), key="runs.study.close", width="stretch", on_click=state.show_study, args=("",))
        if folder is None or not (folder / HEADER).exists():
            title.info(words("The study of this link is not kept here any more."))
            return
        if found is None:
            title.info(words(UNREADABLE))
            return
        title.subheader(f"{words(found.study.title)} · {title_of(folder) or found.title}")
        parts.show(draw(found, words), f"kept.{study_id}", words)
        st.caption(_asked(found, words))
        parts.take(found, f"kept.{study_id}", words, kept=True)


def _asked(found: Found, words: Words) -> str:
    """Its source and its options."""
    told = [found.study.source]
    for name, row in field_table(type(found.options)).items():
        if row.place != "hidden" and not found.options.idle(name):
            value = to_text(getattr(found.options, name))
            told.append(f"{words(row.title)}: {words(row.choices.get(value, value))}")
    return " · ".join(told)
