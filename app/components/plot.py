"""One Plotly figure that keeps its zoom and its hover while its data change.

``st.plotly_chart`` derives its identity from the whole figure, so that new data remount it; this component keeps one
element and calls ``Plotly.react``. It takes plain dictionaries and never imports the ``plotly`` package, which would
cost the start of the page 0.3 s and holds plotly.js with its maps and its 3D: three times the script that is served
here, and in a browser two seconds of work where this one takes less than one. Tests hold the two together.
"""

import functools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from app.text import Words
from resnet_core.errors import N_

_HERE = Path(__file__).parent
SCRIPT = "plotly-cartesian-4.1.1.min.js"  # in app/static: a new version has a new name, and no browser an old copy

# plotly.js's own words on a figure, in English, as it looks them up.
WORDS = (
    N_("Zoom"), N_("Pan"), N_("Reset axes"), N_("Download plot as a PNG"), N_("Double-click to zoom back out"),
)  # fmt: skip


def plot(
    figure: Mapping[str, Any],
    *,
    key: str,
    height: int,
    label: str,
    words: Words,
    on_click: Callable[[Any], None] | None = None,
) -> None:
    """Mount ``figure`` = {"data": [traces], "layout": {...}} at the full width and ``height`` pixels.

    The same ``key`` is the same element: an update keeps what the visitor zoomed, unless ``layout["uirevision"]``
    changes. ``label`` is what a screen reader says. Colours may be "theme:NAME" (text, muted, grid, line, background,
    surface, primary) or "theme:LIGHT|DARK"; the browser fills them in, and again when the theme is switched. Numbers
    that are not finite become gaps. ``on_click`` is a callback that is handed the ``customdata`` of a point that was
    clicked, of the topmost where several lie there.
    """
    more = {"on_clicked_change": lambda: on_click(st.session_state[key].clicked)} if on_click else {}
    _component()(
        key=key,
        height=height,
        data=wrapped(
            {
                "figure": plain(figure),
                "height": height,
                "label": label,
                "revision": key,
                "url": address(SCRIPT),
                "no_plotly": words("The figure cannot be drawn: the browser did not get {path}.", path=SCRIPT),
                "words": {word: words(word) for word in WORDS},
                "clicks": on_click is not None,
            }
        ),
        **more,
    )


def load_ahead() -> None:
    """Have the browser get plotly.js while it has nothing else to do, where the first figure must not wait for it."""
    _component()(key="load-ahead", height=1, data=wrapped({"figure": None, "url": address(SCRIPT)}))


def wrapped(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a component is given. In a dictionary Streamlit would look for tables, and import pandas for that: a second
    of the first figure. A list it hands over as it is."""
    return [data]


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
