"""What every page has around it: the style, the name, the language switch, notices about the link, and the way on."""

from pathlib import Path

import streamlit as st

from app import state
from app.components import popovers
from app.components.menu import closing_menu
from app.text import LANGUAGES, Words
from app.views import share

STYLE = Path(__file__).with_name("style.css")
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="236" height="40" viewBox="0 0 236 40" fill="none" '
    'font-family="Source Sans, Source Sans Pro, Helvetica, Arial, sans-serif">'
    '<path d="M6 20H18M32 20H44" stroke="#0a7bc2" stroke-width="4"/>'
    '<path d="M10 20C10 2 40 2 40 20" stroke="#00956a" stroke-width="4"/>'
    '<rect x="17" y="13" width="16" height="14" rx="3" fill="#0a7bc2"/>'
    '<text x="56" y="27" font-size="22" font-weight="600" fill="#0a7bc2" textLength="172" '
    'lengthAdjust="spacingAndGlyphs">ResNet Explorer</text></svg>'
)


def configure() -> None:
    """The browser's tab and the width of the page."""
    st.set_page_config(page_title="ResNet Explorer", layout="wide", initial_sidebar_state="collapsed")


def header(words: Words) -> None:
    """Name, the address to hand on, and language switch."""
    st.html(STYLE)
    st.logo(LOGO, size="large")
    with st.container(key="language", horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.html('<h1 class="rx-hidden">ResNet Explorer</h1>')
        popovers.focus()
        closing_menu()
        share.show(words)
        key = state.prime("language.switch", words.language)
        st.segmented_control(
            words("Language"), list(LANGUAGES), default=words.language, key=key, required=True,
            label_visibility="collapsed", format_func=LANGUAGES.__getitem__, on_change=state.change_language,
            args=(key,),
        )  # fmt: skip


def notices(words: Words) -> None:
    """What the link held that could not be used; gone after the next change."""
    place = st.container()  # there even when empty, so that nothing below changes its place when the notices go
    if found := state.notices():
        place.warning("\n".join(f"- {words.refusal(notice)}" for notice in found))


def footer(words: Words, others: list[st.Page]) -> None:
    """The way on, which the folded navigation of a telephone hides."""
    for page in others:
        st.page_link(page, label=words("Go on to: {page}", page=page.title))
