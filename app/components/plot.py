"""One Plotly figure that keeps its zoom and its hover while its data change.

`st.plotly_chart` derives its identity from the whole figure, so that new data remount it; this component keeps one
element and calls `Plotly.react`. It takes plain dictionaries and never imports the `plotly` package, only serves its
script.
"""

import base64
import functools
import importlib.metadata
import importlib.util
import logging
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

_HERE = Path(__file__).parent
_STATIC = _HERE.parent / "static"

WORDS = ("Zoom", "Pan", "Reset axes", "Download plot as a PNG", "Double-click to zoom back out")
"""Plotly's own words on a figure: gettext ids that `messages` may translate."""


def plot(
    figure: Mapping[str, Any],
    *,
    key: str,
    height: int,
    label: str,
    messages: Mapping[str, str],
) -> None:
    """Mount `figure` = {"data": [traces], "layout": {...}} at the full width and `height` pixels.

    The same `key` is the same element: an update keeps what the visitor zoomed, unless `layout["uirevision"]` changes.
    `label` is what a screen reader says. Colours may be "theme:NAME" (text, muted, grid, line, background, surface,
    primary) or "theme:LIGHT|DARK"; the browser fills them in and does so again when the theme is switched. `messages`
    holds the translated "no_plotly", where {path} stands for the missing file, and any of `WORDS`. Non-finite floats
    become gaps.
    """
    script = _script()
    _component()(
        key=key,
        height=height,
        data={
            "figure": _plain(figure),
            "height": height,
            "label": label,
            "revision": key,
            "url": _address(script.name),
            "no_plotly": messages["no_plotly"].format(path=f"app/static/{script.name}"),
            "words": {word: messages[word] for word in WORDS if word in messages},
        },
    )


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_plot",
        html='<div class="rx-plot"></div>',
        css=(_HERE / "plot.css").read_text(encoding="utf-8"),
        js=(_HERE / "plot.js").read_text(encoding="utf-8"),
        # Plotly writes its style sheet into the document's head, which a shadow root would not see.
        isolate_styles=False,
    )


def _address(name: str) -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/app/static/{name}"


@functools.cache
def _script() -> Path:
    """Where Streamlit's static serving finds plotly.js: a copy, because it follows no link out of its folder."""
    target = _STATIC / f"plotly-{importlib.metadata.version('plotly')}.min.js"
    if target.exists():
        return target
    try:
        _STATIC.mkdir(exist_ok=True)
        _copy(target)
    except OSError as error:
        # The page says so where the figure would stand; the log says why.
        logging.getLogger(__name__).warning("figures need %s: %s", target, error)
    return target


def _copy(target: Path) -> None:
    package = importlib.util.find_spec("plotly")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("the plotly package")
    source = Path(package.submodule_search_locations[0], "package_data", "plotly.min.js")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".plotly-")
    os.close(handle)
    partial = Path(name)
    try:
        shutil.copyfile(source, partial)
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    # JSON has no NaN: one in a list would make the browser reject the whole figure.
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a figure holds plain values and packed arrays, not {type(value).__name__}")
