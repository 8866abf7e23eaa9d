"""The elements of a race: figures, the player and the numbers, which follow the runs by themselves.

They ask :mod:`app.live` for what is new, so that the page's script runs only when a visitor changes something. A figure
is a Plotly figure whose traces name what they show: ``{"live": {"runs": [id], "y": "loss"}}`` a line over the epochs,
``{"live": {"run": id, "z": signal, "log": True}}`` a heat map of units by steps, ``{"live": {"runs": [id], "profile":
signal}}`` a line over the units at one step; the signals are those of :mod:`resnet_core.train.records`.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from app.components.plot import SCRIPT, WORDS, address, plain, wrapped
from app.slots import Slot
from app.text import Words

_HERE = Path(__file__).parent
SLIDER_HEIGHT = 56  # on a narrow page, what it says of a thinned history stands below it
SLOW_S = 2.0  # between two steps in slow motion


class RaceLink(NamedTuple):
    """Where the runs are followed: the app's base path, the ids between dots, the language of the answers."""

    base: str
    ids: str
    language: str


def live_figure(
    figure: Mapping[str, Any], race: RaceLink, *, key: str, height: int, label: str, words: Words, slider: str = ""
) -> None:
    """Mount a figure of a race. ``slider`` is what a slider under it says that goes back to an earlier step."""
    _component()(
        key=key,
        height=height + (SLIDER_HEIGHT if slider else 0),
        data=wrapped(
            {
                "figure": plain(figure),
                "height": height,
                "label": label,
                "revision": key,
                "slider": slider,
                "thinned": words("1 step in {stride} is held here; the run folder has all."),
                "url": address(SCRIPT),
                "race": race._asdict(),
                "no_plotly": words("The figure cannot be drawn: the browser did not get {path}.", path=SCRIPT),
                "words": {word: words(word) for word in WORDS},
            }
        ),
    )


def live_numbers(
    markup: str,
    race: RaceLink,
    *,
    key: str,
    slots: Mapping[Slot, list[str]],
    names: Mapping[str, str],
    words: Words,
    alive: Sequence[str] = (),
    on_end: Callable[[], None] | None = None,
) -> None:
    """Mount numbers, or the player, as ``markup`` of our own making whose places are filled in as the race goes on.

    ``slots``: the runs of each; ``names``: what each run is called beside a problem; ``alive``: those that have not
    ended, so that a race that goes on is followed again. ``on_end`` is called, and the page run again, when the last of
    the runs ends while somebody looks on.
    """
    more = {"on_ended_change": on_end} if on_end else {}
    _component()(
        key=key,
        data=wrapped(
            {
                "markup": markup,
                "race": race._asdict(),
                "slots": dict(slots),
                "names": dict(names),
                "alive": list(alive),
                "slow_s": SLOW_S,
                "words": {
                    "pause": words("Pause"),
                    "resume": words("Go on"),
                    "running": words("training"),
                    "paused": words("paused"),
                    "waiting": words("waiting for a free place"),
                    "stopping": words("stopping"),
                    "ended": "",
                    "left": words("about {seconds} s left"),
                    "unreachable": words("The server does not answer; what is drawn stays."),
                },
            }
        ),
        **more,
    )


@functools.cache
def _component() -> Any:
    parts = ("plot.js", "race.js", "live_figure.js", "player.js", "mount_race.js")
    return st.components.v2.component(
        "resnet_explorer_race",
        html='<div class="rx-plot"></div><label class="rx-step" hidden><span></span>'
        '<input type="range" min="1"><span class="rx-thinned"></span></label><div class="rx-live"></div>',
        css="".join((_HERE / name).read_text(encoding="utf-8") for name in ("plot.css", "race.css")),
        js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in parts),
        isolate_styles=False,  # as in plot.py
    )
