"""Three ways of building the same depth, side by side, as they were recorded; each can be put on B."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import changes
from app.components.drawing import drawing
from app.figures.ways import span, way_drawing
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.readings import factor
from app.text.sentences import measured_where
from resnet_core import recorded
from resnet_core.errors import N_

TITLES = {
    "vanishes": N_("Plain, no BatchNorm: the gradient vanishes"),
    "explodes": N_("Plain, BatchNorm: it explodes, and the signal dies"),
    "stays": N_("With skips: it stays"),
}
TARGET: Slot = "b"


def show(words: Words) -> None:
    """The three cards and where their numbers come from."""
    found = recorded.ways()
    gradients, read, after = ([one.of(place)[-1] for place in range(len(TITLES))] for one in found.values())
    scale = span(*(one.rms for one in gradients))
    st.subheader(words("Why depth fails without skips: three ways to build 56 layers"), anchor=False)
    sentences: dict[str, Callable[..., str]] = {"vanishes": _vanishes, "explodes": _explodes, "stays": _stays}
    for number, (name, place) in enumerate(zip(TITLES, st.columns(3), strict=True)):
        with place:
            drawn = way_drawing(gradients[number].rms, read[number].accuracy, after[number].accuracy, scale, words)
            told = sentences[name](gradients[number].rms, read[number], after[number], words)
            markup = f'<div class="rx-way"><h4>{words(TITLES[name])}</h4>{drawn}<p>{told}</p></div>'
            drawing(markup, key=f"way.{name}")
            st.button(
                words("Put it on {slot}", slot=SLOT_NAMES[TARGET]), key=f"ways.{name}", on_click=_put, args=(name,),
                width="stretch",
            )  # fmt: skip
    st.html(
        f'<div class="rx-source">{words("Recorded, not measured now:")} {measured_where(gradients[0], words)}. '
        f"{words('Gradient: root mean square at each block, logarithmic, one scale for all three.')}</div>"
    )


def _put(name: str) -> None:
    changes.put_network(TARGET, recorded.WAYS[name])


def _vanishes(rms: Any, _read: Any, _after: Any, words: Words) -> str:
    return words(
        "Each layer passes on a little less than it gets, and {blocks} blocks of such factors multiply: at block 1 the "
        "gradient is {factor} times smaller than at the last. The first blocks learn nothing.",
        blocks=len(rms), factor=factor(rms[-1] / rms[0]),
    )  # fmt: skip


def _explodes(rms: Any, read: Any, after: Any, words: Words) -> str:
    return words(
        "BatchNorm divides by the spread of its input, which makes the gradient larger at every step back: {factor} "
        "times at block 1. Forward, what differs between images fades: nothing of the class can be read after block "
        "{block}, and after training {after} at the last block.",
        factor=factor(rms[0] / rms[-1]), block=read.last_readable, after=f"{after.accuracy[-1]:.0%}",
    )  # fmt: skip


def _stays(rms: Any, read: Any, after: Any, words: Words) -> str:
    return words(
        "The 1 in ∂E/∂x<sub>l</sub> = ∂E/∂x<sub>L</sub> (1 + …) carries the gradient past every block: it changes "
        "{factor} times over all of them. The class can be read at the last block: {read} before training, {after} "
        "after.",
        factor=factor(rms[0] / rms[-1]), read=f"{read.accuracy[-1]:.0%}", after=f"{after.accuracy[-1]:.0%}",
    )  # fmt: skip
