"""An address to copy: Streamlit's own copy button shows only under a mouse, and fails on plain http."""

import functools
from pathlib import Path
from typing import Any

import streamlit as st

from app.text import Words

_SCRIPT = Path(__file__).with_name("address.js")


def address(url: str, *, key: str, words: Words) -> None:
    """Mount ``url`` with a button that copies it."""
    told = {
        "copy": words("Copy"),
        "copied": words("Copied."),
        "by_hand": words("Press Ctrl+C: the address is selected."),
    }
    _component()(key=key, data={"url": url, "name": words("Address of this page"), "words": told})


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_address",
        html='<div class="rx-address"><input readonly><button type="button"></button><p role="status"></p></div>',
        js=_SCRIPT.read_text(encoding="utf-8"),
        isolate_styles=False,
    )
