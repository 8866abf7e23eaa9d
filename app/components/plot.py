"""One Plotly figure that keeps its zoom and its hover while its data change.

``st.plotly_chart`` derives its identity from the whole figure, so that new data remount it; this component keeps one
element and calls ``Plotly.react``. It takes plain dictionaries and never imports the ``plotly`` package: that would
cost the start of the page 0.3 s, and only the package's script is needed.
"""

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

import streamlit as st

from app.text import Words
from resnet_core.errors import N_

_HERE = Path(__file__).parent
_STATIC = _HERE.parent / "static"

# plotly.js's own words on a figure, in English, as it looks them up.
WORDS = (
    N_("Zoom"), N_("Pan"), N_("Reset axes"), N_("Download plot as a PNG"), N_("Double-click to zoom back out"),
)  # fmt: skip


def plot(figure: Mapping[str, Any], *, key: str, height: int, label: str, words: Words) -> None:
    """Mount ``figure`` = {"data": [traces], "layout": {...}} at the full width and ``height`` pixels.

    The same ``key`` is the same element: an update keeps what the visitor zoomed, unless ``layout["uirevision"]``
    changes. ``label`` is what a screen reader says. Colours may be "theme:NAME" (text, muted, grid, line, background,
    surface, primary) or "theme:LIGHT|DARK"; the browser fills them in, and again when the theme is switched. Numbers
    that are not finite become gaps.
    """
    path = script()
    _component()(
        key=key,
        height=height,
        data={
            "figure": plain(figure),
            "height": height,
            "label": label,
            "revision": key,
            "url": address(path.name),
            "no_plotly": words("The figure cannot be drawn: the browser did not get {path}.", path=path.name),
            "words": {word: words(word) for word in WORDS},
        },
    )


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_plot",
        html='<div class="rx-plot"></div>',
        css=(_HERE / "plot.css").read_text(encoding="utf-8"),
        js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("plot.js", "mount_plot.js")),
        # Plotly writes its style sheet into the document's head, which a shadow root would not see.
        isolate_styles=False,
    )


def address(name: str) -> str:
    """Where the browser finds a file of ``app/static``."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/app/static/{name}"


@functools.cache
def script() -> Path:
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


def plain(value: Any) -> Any:
    """A figure as JSON can carry it, which has no NaN: one in a list would make the browser reject the whole figure."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a figure holds plain values and packed arrays, not {type(value).__name__}")
