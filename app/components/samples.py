"""Test images with what each network of a race answers, which follows the runs by itself (:mod:`.race`)."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.components.plot import wrapped
from app.components.race import RaceLink
from app.text import Words

_HERE = Path(__file__).parent


def live_samples(
    shown: dict[str, Any], rows: Sequence[dict[str, Any]], classes: Sequence[str], race: RaceLink, words: Words
) -> None:
    """Mount the images and a row of answers for each network.

    ``shown``: ``numbers`` and ``labels`` (the classes' names) and, where the images are at hand, ``pixels`` with their
    ``height``, ``width`` and ``channels``, as :class:`resnet_core.train.samples.Samples` has them. ``rows``: ``name``,
    ``colour`` and ``ids`` of each network. ``classes``: the name of each class.
    """
    _component()(
        key="samples",
        data=wrapped(
            {
                "shown": shown,
                "rows": list(rows),
                "classes": list(classes),
                "race": race._asdict(),
                "words": {
                    "image": words("Test image"),
                    "right": words("right"),
                    "wrong": words("wrong"),
                    "none": words("No test yet"),
                    "undefined": words("The output of the network is not a number."),
                },
            }
        ),
    )


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_samples",
        html='<div class="rx-samples" tabindex="0"></div>',
        css=(_HERE / "samples.css").read_text(encoding="utf-8"),
        js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("race.js", "samples.js")),
        isolate_styles=False,  # as in plot.py
    )
