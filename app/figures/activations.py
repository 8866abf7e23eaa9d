"""What each block puts out (arXiv:1502.01852, section 2.2): mean, standard deviation and share of zeros by block."""

import math
from collections.abc import Mapping
from html import escape
from statistics import median
from typing import Any

from app.figures.gradients import LEGEND, Figure
from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.figures.parts import Chart, Names, Part, Records, Text, source
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.sentences import measured_where, times
from resnet_core.errors import N_
from resnet_core.probe.activations import Activations
from resnet_core.recipe import TRAIN_FIELDS

HEIGHT = 520
STEADY = 2.0  # a factor up to which the signal has about its first size
GAP = 0.06  # between two panels, as a share of the height
PANELS = {"means": N_("mean"), "stds": N_("standard deviation"), "zeros": N_("zeros after ReLU")}


def drawing(records: Records, names: Names, words: Words) -> list[Part]:
    """The profile, and where it was measured."""
    found: dict[Slot, Activations] = {slot: rows[-1] for slot, rows in records.items()}
    label = words("Mean, standard deviation and share of zeros of what each block puts out, for each network")
    first = next(iter(found.values()))
    told = words(
        "Measured here: one forward pass in training mode on {batch} {data} images of {size}×{size} pixels, weights "
        "{weights}; {where}.",
        batch=first.batch_size, data=words(TRAIN_FIELDS["data"].choices[first.data]), size=first.image_size,
        weights=words("of a kept run") if first.trained else words("untrained"), where=measured_where(first, words),
    )  # fmt: skip
    reading = "  \n".join(_sentence(slot, one, words) for slot, one in found.items())
    return [Chart(profile(found, names, words), label, HEIGHT), Text(reading), source(told)]


def _sentence(slot: Slot, one: Activations, words: Words) -> str:
    """Whether the signal keeps its size from the first block to the last, and how much of it is zero."""
    first, last = one.stds[0], one.stds[-1]
    if not (0 < first < math.inf and 0 < last < math.inf):
        return words("**{slot}**: the signal is zero, or not a number, in the first or in the last block.",
                     slot=SLOT_NAMES[slot])  # fmt: skip
    told = {
        "slot": SLOT_NAMES[slot], "first": f"{first:.3g}", "last": f"{last:.3g}", "zeros": f"{median(one.zeros):.0%}",
    }  # fmt: skip
    if last > STEADY * first:
        return words(
            "**{slot}**: from the first block to the last, the standard deviation of what a block puts out grows "
            "{factor} times, from {first} to {last}; in the median block {zeros} of the values are zero after ReLU.",
            **told, factor=times(last / first),
        )  # fmt: skip
    if first > STEADY * last:
        return words(
            "**{slot}**: from the first block to the last, the standard deviation of what a block puts out shrinks "
            "{factor} times, from {first} to {last}; in the median block {zeros} of the values are zero after ReLU.",
            **told, factor=times(first / last),
        )  # fmt: skip
    return words(
        "**{slot}**: what the last block puts out is about as large as what the first does: a standard deviation of "
        "{last} against {first}; in the median block {zeros} of the values are zero after ReLU.",
        **told,
    )  # fmt: skip


def profile(found: Mapping[Slot, Activations], names: Mapping[Slot, str], words: Words) -> Figure:
    """A panel for each quantity over the blocks, a line a network."""
    height = (1 + GAP) / len(PANELS) - GAP
    layout: dict[str, Any] = {"hovermode": "x unified", "legend": LEGEND, "showlegend": True}
    traces = []
    for number, (quantity, title) in enumerate(PANELS.items()):
        axis = "" if number == 0 else str(number + 1)
        top = 1 - number * (height + GAP)
        layout[f"yaxis{axis}"] = {"title": {"text": words(title)}, "domain": [max(0.0, top - height), top]}
        if quantity == "stds":
            layout[f"yaxis{axis}"] |= {"type": "log", "exponentformat": "power"}
        if quantity == "zeros":
            layout[f"yaxis{axis}"] |= {"range": [0, 1], "tickformat": ".0%"}
        traces += [_line(slot, getattr(one, quantity), names[slot], axis) for slot, one in found.items()]
    last = f"y{len(PANELS)}"
    layout["xaxis"] = {"title": {"text": words("block (1 is nearest to the image)")}, "anchor": last}
    return {"data": traces, "layout": layout}


def _line(slot: Slot, values: tuple[float, ...], name: str, axis: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": f"{SLOT_NAMES[slot]} · {escape(name)}",
        "x": list(range(1, len(values) + 1)), "y": list(values), "yaxis": f"y{axis}",
        "showlegend": not axis, "legendgroup": slot,
        "line": {"color": SLOT_COLOURS[slot], "width": 2.5, "dash": DASHES[slot]},
        "marker": {"size": 6, "symbol": MARKS[slot]},
        "hovertemplate": "%{y:.3g}<extra>" + SLOT_NAMES[slot] + "</extra>",
    }  # fmt: skip
