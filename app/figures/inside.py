"""An image inside the networks (arXiv:1512.03385, section 4.2): what they answer, and what becomes of it by block.

:func:`stage_frames` and :func:`block_maps` hand a record to the browser, which draws the maps themselves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from statistics import median
from typing import Any

from app.figures.gradients import LEGEND, Figure, decades
from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.figures.parts import Chart, Html, Names, Part, Records, Text, source
from app.figures.thumbs import picture_html
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.sentences import measured_where
from resnet_core.errors import N_
from resnet_core.probe.inside import Done, Inside, Maps
from resnet_core.probe.picture import Picture
from resnet_core.recipe import TRAIN_FIELDS

Found = Mapping[Slot, Inside]

ANSWERS, HEIGHT = 260, 620
GAP = 0.07  # between two panels, as a share of the height
MOST_CLASSES = 10  # of the most probable, for each network
COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4000]  # of dimensions, at a tick
ONE = 1.5  # dimensions below which images differ along about one direction
PANELS = {
    "residual_shares": N_("‖F(x)‖ / ‖x‖"),
    "cosines": N_("mean cosine"),
    "dimensions": N_("dimensions"),
    "gradient_rms": N_("∂E/∂x, RMS"),
}


def drawing(records: Records, names: Names, words: Words) -> list[Part]:
    """The image, what each network answers, what becomes of it by block, what that says, where it was measured."""
    found: dict[Slot, Inside] = {slot: rows[-1] for slot, rows in records.items()}
    first = next(iter(found.values()))
    alt = words("The image that goes through the networks")
    parts: list[Part] = [
        Html(f'<div class="rx-image">{picture_html(first.shown, alt)}</div>'),
        Chart(answers(found, names, words), words("Probability of each class, for each network"), ANSWERS),
        Text("  \n".join(_answer(slot, one, words) for slot, one in found.items())),
        Chart(
            profile(found, names, words),
            words("By block and for each network: size of the residual, likeness of different images, dimensions that "
                  "they use, gradient of this image's loss"),
            HEIGHT,
        ),
    ]  # fmt: skip
    reading = [line for slot, one in found.items() for line in _reading(slot, one, words)]
    return [*parts, *([Text("  \n".join(reading))] if reading else []), source(_told(first, words))]


def answers(found: Found, names: Names, words: Words) -> Figure:
    """A bar for each class and network; of many classes, those that one of the networks finds most probable."""
    classes = _classes(found)
    traces = [
        {
            "type": "bar", "name": f"{SLOT_NAMES[slot]} · {escape(names[slot])}",
            "x": [escape(words(name)) for name in classes],
            "y": [_number(one.probabilities.get(name, math.nan)) for name in classes],
            "marker": {"color": SLOT_COLOURS[slot]},
            "hovertemplate": "%{x}: %{y:.1%}<extra>" + SLOT_NAMES[slot] + "</extra>",
        }
        for slot, one in found.items()
    ]  # fmt: skip
    layout: dict[str, Any] = {
        "barmode": "group", "legend": LEGEND, "showlegend": True,
        "xaxis": {"type": "category", "title": {"text": words("class")}},
        "yaxis": {"title": {"text": words("probability")}, "range": [0, 1.02], "tickformat": ".0%"},
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def _classes(found: Found) -> list[str]:
    """In the order of the data set."""
    every = list(dict.fromkeys(name for one in found.values() for name in one.probabilities))
    if len(every) <= MOST_CLASSES:
        return every
    most = {
        name
        for one in found.values()
        for name in sorted(one.probabilities, key=lambda name: -(_number(one.probabilities[name]) or 0))[
            : MOST_CLASSES // len(found)
        ]
    }
    return [name for name in every if name in most]


def profile(found: Found, names: Names, words: Words) -> Figure:
    """A panel for each quantity over the blocks, a line a network."""
    height = (1 + GAP) / len(PANELS) - GAP
    layout: dict[str, Any] = {"hovermode": "x unified", "legend": LEGEND, "showlegend": True}
    traces = []
    for number, (quantity, title) in enumerate(PANELS.items()):
        axis = "" if number == 0 else str(number + 1)
        top = 1 - number * (height + GAP)
        layout[f"yaxis{axis}"] = {"title": {"text": words(title)}, "domain": [max(0.0, top - height), top]}
        layout[f"yaxis{axis}"] |= _scale(quantity, found)
        traces += [_line(slot, getattr(one, quantity), names[slot], axis) for slot, one in found.items()]
    layout["xaxis"] = {"title": {"text": words("block (1 is nearest to the image)")}, "anchor": f"y{len(PANELS)}"}
    return {"data": traces, "layout": layout}


def _scale(quantity: str, found: Found) -> dict[str, Any]:
    """The axis of a quantity."""
    if quantity == "residual_shares":
        return {"rangemode": "tozero"}
    if quantity == "cosines":
        return {"range": [-0.05, 1.05]}
    if quantity == "dimensions":
        return {"type": "log", "tickvals": COUNTS, "ticktext": [str(count) for count in COUNTS]}
    ticks = decades({slot: one.gradient_rms for slot, one in found.items()})
    return {"type": "log", "exponentformat": "power", "dtick": ticks}


def _line(slot: Slot, values: Sequence[float | None], name: str, axis: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": f"{SLOT_NAMES[slot]} · {escape(name)}",
        "x": list(range(1, len(values) + 1)), "y": [_number(value) for value in values], "yaxis": f"y{axis}",
        "showlegend": not axis, "legendgroup": slot,
        "line": {"color": SLOT_COLOURS[slot], "width": 2.5, "dash": DASHES[slot]},
        "marker": {"size": 5, "symbol": MARKS[slot]},
        "hovertemplate": "%{y:.3g}<extra>" + SLOT_NAMES[slot] + "</extra>",
    }  # fmt: skip


def _answer(slot: Slot, one: Inside, words: Words) -> str:
    """What a network says of the image, and whether it is right."""
    told = {"slot": SLOT_NAMES[slot], "named": escape(words(one.named)), "label": escape(words(one.label))}
    share = f"{one.probabilities.get(one.named, math.nan):.0%}"
    if not one.label:
        return words("**{slot}** takes the image for “{named}” ({share}).", **told, share=share)
    if one.named == one.label:
        return words("**{slot}** takes the image for “{named}” ({share}), and is right.", **told, share=share)
    return words("**{slot}** takes the image for “{named}” ({share}); it is “{label}”.", **told, share=share)


def _reading(slot: Slot, one: Inside, words: Words) -> list[str]:
    """What the curves say: whether images still differ along more than one line, and how small the residuals are."""
    lines = []
    collapsed = _collapsed_from(one)
    named, last = SLOT_NAMES[slot], one.dimensions[-1]
    if collapsed:
        lines.append(
            words("**{slot}**: from block {block} on, different images differ along about one direction only (fewer "
                  "than {limit} dimensions); there is hardly room to tell {classes} classes apart.", slot=named,
                  block=collapsed, limit=f"{ONE:g}", classes=len(one.probabilities))
        )  # fmt: skip
    elif math.isfinite(last):
        lines.append(
            words("**{slot}**: the images still differ in {count} dimensions behind the last block, and in no block in "
                  "fewer than {least}.", slot=named, count=f"{last:.1f}", least=f"{_least(one.dimensions):.1f}")
        )  # fmt: skip
    shares = [value for value in one.residual_shares if value is not None and math.isfinite(value)]
    if shares:
        lines.append(
            words("**{slot}**: the residual F(x) is {middle} times as large as the x to which it is added, in the "
                  "median block; {first} in the first, {last} in the last.", slot=named,
                  middle=f"{median(shares):.2g}", first=f"{shares[0]:.2g}", last=f"{shares[-1]:.2g}")
        )  # fmt: skip
    return lines


def _collapsed_from(one: Inside) -> int:
    """The first block from which on all have about one dimension; 0 where the last has more."""
    wide = [place for place, value in enumerate(one.dimensions, start=1) if not value < ONE]
    first = max(wide, default=0) + 1
    return first if first <= len(one.dimensions) else 0


def _least(values: Sequence[float]) -> float:
    return min((value for value in values if math.isfinite(value)), default=math.nan)


def _told(first: Inside, words: Words) -> str:
    """Where the numbers come from."""
    data = words(TRAIN_FIELDS["data"].choices[first.data])
    image = (
        words("an own image") if first.number is None
        else words("{data}, test image {number}", data=data, number=f"{first.number:,}")
    )  # fmt: skip
    aim = f"“{escape(words(first.label))}”" if first.label else words("the class that each network names")
    told = {
        "image": image, "size": first.image_size, "compared": f"{first.compared:,}", "aim": aim,
        "batch": f"{first.batch_size:,}", "where": measured_where(first, words),
    }  # fmt: skip
    if first.trained:
        return words(
            "Measured here in evaluation mode: {image}, {size}×{size} pixels, weights of a kept run with the BatchNorm "
            "statistics of its training; gradient of the cross entropy of {aim}; cosine and dimensions over "
            "{compared} test images, the latter of maps averaged to 2×2; {where}.", **told,
        )  # fmt: skip
    return words(
        "Measured here in evaluation mode: {image}, {size}×{size} pixels, untrained weights with the BatchNorm "
        "statistics of the first {batch} training images; gradient of the cross entropy of {aim}; cosine and "
        "dimensions over {compared} test images, the latter of maps averaged to 2×2; {where}.", **told,
    )  # fmt: skip


def _number(value: float | None) -> float | None:
    """A number for JSON; None for what is not there or not finite, which Plotly leaves out."""
    return value if value is not None and math.isfinite(value) else None


def _numbers(values: Sequence[float | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _picture(one: Picture) -> dict[str, Any]:
    """A picture as the browser takes it: base64 of a byte a value, channel by channel, row by row."""
    return {**asdict(one), "channels": list(one.channels), "low": _number(one.low), "high": _number(one.high)}


def stage_frames(record: Inside) -> dict[str, Any]:
    """What the stage plays of an image, as plain JSON: the image, a frame for each block, the answer.

    ``blocks[i]``: ``name``; ``thumb``, a picture (base64 of a byte a value, 0 is ``low``, 255 ``high``); the numbers of
    :class:`~resnet_core.probe.inside.Inside`, None where there is none. ``gradient`` is the root mean square.
    """
    columns = zip(
        record.names, map(_picture, record.thumbs), _numbers(record.residual_shares), _numbers(record.gradient_rms),
        _numbers(record.cosines), _numbers(record.dimensions), strict=True,
    )  # fmt: skip
    keys = ("name", "thumb", "residual_share", "gradient", "cosine", "dimensions")
    return {
        "image": _picture(record.shown),
        "number": record.number,
        "label": record.label,
        "aim": record.aim,
        "named": record.named,
        "loss": _number(record.loss),
        "trained": record.trained,
        "probabilities": [
            {"class": name, "probability": _number(share)} for name, share in record.probabilities.items()
        ],
        "blocks": [dict(zip(keys, row, strict=True)) for row in columns],
    }


def block_maps(record: Inside) -> dict[str, Any]:
    """The opened block as plain JSON: a picture of every channel by its name, the box and the gradient on the image,
    and the value that is written out; empty where no block was opened."""
    maps = record.maps
    if maps is None:
        return {}
    top, left, bottom, right = maps.box
    return {
        "block": maps.block,
        "name": maps.name,
        "image": _picture(record.shown),
        "image_size": record.image_size,
        "pictures": {name: _picture(one) for name, one in maps.pictures.items()},
        "shapes": {name: list(shape) for name, shape in maps.shapes.items()},
        "row": maps.row,
        "column": maps.column,
        "box": {"top": top, "left": left, "bottom": bottom, "right": right, "field": maps.field, "whole": maps.whole},
        "spread": _picture(maps.spread),
        "inside": _number(maps.inside),
        "side": maps.side,
        "trace": _trace(maps),
    }


def _trace(maps: Maps) -> dict[str, Any]:
    trace = asdict(maps.trace)
    for name in ("inputs", "weights"):
        trace[name] = _numbers(trace[name])
    after = [_step(one) for one in maps.trace.after]
    return trace | {"bias": _number(maps.trace.bias), "total": _number(maps.trace.total), "after": after}


def _step(one: Done) -> dict[str, Any]:
    constants = {name: _number(value) for name, value in one.constants.items()}
    return asdict(one) | {"given": _numbers(one.given), "result": _number(one.result), "constants": constants}
