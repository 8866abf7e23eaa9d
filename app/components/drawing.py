"""A drawing made of SVG elements, which Streamlit's own HTML element would strip.

The element stays mounted and only its content is replaced, with what was folded open still open, so that a toggle moves
nothing else on the page. Text takes
its colour from the theme by ``currentColor``.
"""

import functools
from pathlib import Path
from typing import Any

import streamlit as st

_SCRIPT = Path(__file__).with_name("drawing.js")


def drawing(markup: str, *, key: str) -> None:
    """Mount ``markup``: SVG or HTML text of our own making, in which every word has been escaped."""
    _component()(key=key, data={"markup": markup})


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_drawing",
        html='<div class="rx-drawing"></div>',
        js=_SCRIPT.read_text(encoding="utf-8"),
        isolate_styles=False,
    )
