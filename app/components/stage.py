"""The stage: networks as rows of blocks that a hand can cut, open and play, with what was measured of each block below.

The browser draws it from a scene (:func:`app.figures.stage.scene`) and asks :mod:`app.measured` for the rest, so that
the page's script runs only when something is changed.
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from app.components.plot import wrapped

_HERE = Path(__file__).parent
PARTS = ("layout", "", "curves", "answers", "hand", "play", "pad", "bar")


def stage(
    scene: Mapping[str, Any],
    *,
    key: str,
    on_cut: Callable[[], None],
    on_open: Callable[[], None],
    on_weights: Callable[[], None],
    on_lost: Callable[[], None],
) -> None:
    """Mount a scene. ``on_cut``, ``on_open`` and ``on_weights`` are called when :func:`cuts`, :func:`opened` and
    :func:`told` say something new; ``on_lost`` when the server that was asked did not know the scene's ticket."""
    _component()(
        key=key,
        data=wrapped(scene),
        on_cut_change=on_cut,
        on_open_change=on_open,
        on_weights_change=on_weights,
        on_lost_change=on_lost,
    )


def told(key: str, name: str) -> Any:
    """What the stage has told in this run; None where it has not."""
    return (st.session_state.get(key) or {}).get(name)


def cuts(key: str) -> list[tuple[str, int, bool]]:
    """Slot, block and whether its shortcut is to be cut: all that the hand has done and the page has not taken yet."""
    done = told(key, "cut") or {}
    return [(str(slot), int(block), bool(cut)) for slot, block, cut in done.get("cuts", [])]


def opened(key: str) -> int | None:
    """The number of the block that was opened, 0 where one was closed; None where nothing was clicked."""
    clicked = told(key, "open")
    return int(clicked["n"]) if clicked else None


@functools.cache
def _component() -> Any:
    names = ["picture.js", *(f"stage_{part}.js" if part else "stage.js" for part in PARTS)]
    return st.components.v2.component(
        "resnet_explorer_stage",
        html='<div class="rx-stage"></div>',
        css=(_HERE / "stage.css").read_text(encoding="utf-8"),
        js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in (*names, "mount_stage.js")),
        isolate_styles=False,  # its events and colours are the page's
    )
