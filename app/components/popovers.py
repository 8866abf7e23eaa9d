"""Popovers for a keyboard: an open one takes the focus, and gives it back."""

import functools
from pathlib import Path
from typing import Any

import streamlit as st

_SCRIPT = Path(__file__).with_name("popovers.js")


def focus() -> None:
    """Mount the script, which is not seen, once on a page; it serves every popover there."""
    _component()(key="popovers")


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_popovers",
        html='<span class="rx-hidden"></span>',
        js=_SCRIPT.read_text(encoding="utf-8"),
        isolate_styles=False,
    )
