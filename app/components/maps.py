"""The maps of the open block for the image on the stage: a component that asks through the stage, and draws tiles."""

import functools
from pathlib import Path
from typing import Any

import streamlit as st

from app.components.plot import wrapped
from app.text import Words
from resnet_core.errors import N_
from resnet_core.operators import OPERATORS

_HERE = Path(__file__).parent
NAMES = {
    "x": N_("x, what goes in"),
    "residual": N_("F(x), what the branch adds"),
    "sum": N_("x + F(x)"),
    "output": N_("H(x), what leaves the block"),
}


def maps(*, key: str, block: int, ticket: str, words: Words) -> None:
    """Mount the maps of a block, counted from 1, of the networks of the question ``ticket``."""
    _component()(
        key=key,
        data=wrapped({"block": block, "ticket": ticket, "language": words.language, "words": _words(words)}),
    )


def _words(words: Words) -> dict[str, Any]:
    return {
        **{name: words(told) for name, told in NAMES.items()},
        "ops": {op: words(row.title) for op, row in OPERATORS.items()},
        "scale": words("{count} channels; black {low}, white {high}"),
        "point": words("Point at a value to read it; click it to see the sum that it is."),
        "place": words("channel {channel}, row {row}, column {column}"),
        "field": words(
            "The image, and where the gradient of this place falls on it. By formula it depends on a square of "
            "{field} pixels (box); nine tenths of the gradient fall into {side} pixels, {inside} % into the box."
        ),
        "trace": words("{layer}, channel {channel}, row {row}, column {column}: a {kernel}×{kernel} convolution"),
        "more": words("{count} more"),
        "all_terms": words("All {count} products"),
        "none": words("This network has no such block."),
    }


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_maps",
        html='<div class="rx-maps"></div>',
        css=(_HERE / "maps.css").read_text(encoding="utf-8"),
        js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("picture.js", "maps.js")),
        isolate_styles=False,
    )
