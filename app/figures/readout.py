"""What can still be read at each block (arXiv:1610.01644): the accuracy of a linear reader, and chance below it."""

from collections.abc import Mapping
from html import escape
from typing import Any

from app.figures.gradients import LEGEND, Figure
from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.figures.parts import Chart, Names, Part, Records, Text, source
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.sentences import measured_where
from resnet_core.probe.readout import Readout
from resnet_core.recipe import TRAIN_FIELDS

HEIGHT = 340


def drawing(records: Records, names: Names, words: Words) -> list[Part]:
    """The curve, a sentence for each network, and where it was measured."""
    found: dict[Slot, Readout] = {slot: rows[-1] for slot, rows in records.items()}
    label = words("Share of test images whose class a linear reader names from what each block puts out")
    first = next(iter(found.values()))
    told = words(
        "Measured here: a ridge regression (constant {ridge}) from each block's output, averaged to 2×2 and "
        "standardised, fitted on {fitted} {data} images and scored on {scored} test images of {size}×{size} pixels, "
        "weights {weights}; {where}.",
        ridge=f"{first.ridge:g}", fitted=f"{first.fitted:,}", scored=f"{first.scored:,}",
        data=words(TRAIN_FIELDS["data"].choices[first.data]), size=first.image_size,
        weights=words("of a kept run") if first.trained else words("untrained"), where=measured_where(first, words),
    )  # fmt: skip
    reading = "  \n".join(_sentence(slot, one, words) for slot, one in found.items())
    return [Chart(curve(found, names, words), label, HEIGHT), Text(reading), source(told)]


def curve(found: Mapping[Slot, Readout], names: Mapping[Slot, str], words: Words) -> Figure:
    """Accuracy over the blocks, a line a network, and the level of chance."""
    longest = max(len(one.accuracy) for one in found.values())
    chance = next(iter(found.values())).chance
    traces = [_line(slot, one, names[slot]) for slot, one in found.items()]
    traces.append({
        "type": "scatter", "mode": "lines", "name": words("chance"), "x": [1, longest], "y": [chance, chance],
        "line": {"color": "#888", "width": 1.5, "dash": "dot"}, "hoverinfo": "skip",
    })  # fmt: skip
    layout: dict[str, Any] = {
        "hovermode": "x unified", "legend": LEGEND, "showlegend": True,
        "xaxis": {"title": {"text": words("block (1 is nearest to the image)")}},
        "yaxis": {"title": {"text": words("class read")}, "range": [0, 1.02], "tickformat": ".0%"},
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def _line(slot: Slot, one: Readout, name: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": f"{SLOT_NAMES[slot]} · {escape(name)}",
        "meta": {"slot": slot},
        "x": list(range(1, len(one.accuracy) + 1)), "y": list(one.accuracy),
        "line": {"color": SLOT_COLOURS[slot], "width": 2.5, "dash": DASHES[slot]},
        "marker": {"size": 6, "symbol": MARKS[slot]},
        "hovertemplate": "%{y:.1%}<extra>" + SLOT_NAMES[slot] + "</extra>",
    }  # fmt: skip


def _sentence(slot: Slot, one: Readout, words: Words) -> str:
    """Where nothing can be read any more, or how much is left at the end: within two standard errors of chance."""
    margin = 2 * (one.chance * (1 - one.chance) / one.scored) ** 0.5
    above = [place for place, share in enumerate(one.accuracy, start=1) if share > one.chance + margin]
    last = max(above, default=0)
    if last == len(one.accuracy):
        return words(
            "**{slot}**: the class can be read to the last block: {share} of the test images there, by chance "
            "{chance}.",
            slot=SLOT_NAMES[slot], share=f"{one.accuracy[-1]:.0%}", chance=f"{one.chance:.0%}",
        )  # fmt: skip
    return words(
        "**{slot}**: after block {block} nothing of the class can be read: no later block is above chance ({chance}) "
        "by more than the error of {scored} images.",
        slot=SLOT_NAMES[slot], block=last, chance=f"{one.chance:.0%}", scored=f"{one.scored:,}",
    )  # fmt: skip
