"""Closes the menu of a narrow screen once a page is chosen there; Streamlit leaves it open, over the page."""

import functools
from pathlib import Path
from typing import Any

import streamlit as st

_SCRIPT = Path(__file__).with_name("menu.js")


def closing_menu() -> None:
    """Mount what watches the menu. It shows nothing."""
    _component()(key="menu")


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_menu",
        html='<i class="rx-menu"></i>',
        js=_SCRIPT.read_text(encoding="utf-8"),
        isolate_styles=False,
    )
