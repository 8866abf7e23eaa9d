"""What each kind of layer achieves: the roofline chart (doi:10.1145/1498765.1498785) and the table under it."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from app.figures.compare import coloured, table
from app.figures.gradients import LEGEND, Figure
from app.figures.latency import GIGA, where
from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.figures.parts import Chart, Html, Names, Part, Records, Text, source
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.operators import operator_name
from resnet_core.probe.timing import Roofline, roofs

HEIGHT = 420
MARGIN = 2.0  # of the axes beyond the marks
TICKS = tuple(digit * 10.0**power for power in range(-3, 5) for digit in (1, 2, 5))
# Where A and B coincide, both can be read, as can the stem's 7x7 and a 3x3, whose intensities are close; the others
# stand on the right.
ABOVE: dict[Slot, str] = {"a": "top", "b": "bottom", "c": "top", "d": "bottom"}
BESIDE = {7: "left"}


def drawing(records: Records, names: Names, words: Words) -> list[Part]:
    """The chart, the table and where they were measured."""
    found: dict[Slot, Roofline] = {slot: rows[-1] for slot, rows in records.items()}
    first = next(iter(found.values()))
    passes = ", ".join(f"{roofline.passes} ({SLOT_NAMES[slot]})" for slot, roofline in found.items())
    measured = words(
        "Measured here: each layer timed in its place in so many passes, in turn: {passes}; batch size {batch}; marks "
        "are medians, bars the middle half. {where} MACs and bytes (each input, weight and output once) are the "
        "ledger's.",
        passes=passes, batch=first.batch_size, where=where(first, words),
    )  # fmt: skip
    return [
        Text(
            words(
                "**What each kind of layer achieves.** A layer with few multiply-adds for each byte waits for memory, "
                "under the slanted roof; one with many computes, under the level one. BatchNorm, ReLU and additions "
                "have no multiply-adds and still take time."
            )
        ),
        Chart(
            roofline_chart(found, names, words),
            words("Achieved multiply-adds a second over multiply-adds per byte, for each kind of layer"),
            HEIGHT,
        ),
        Html(kinds_table(found, words)),
        source(f"{measured} {_roofs_told(found, words)}"),
    ]


def _roofs_told(found: Mapping[Slot, Roofline], words: Words) -> str:
    """What the roofs are, and which is not drawn because a layer was faster."""
    roof, memory = roofs(list(found.values())), _memory(found)
    told = []
    if roof.macs_per_s is None:
        told.append(
            words("A layer computed faster than the best matrix product measured here, so no level roof is drawn.")
        )
    else:
        told.append(
            words(
                "The level roof is the best large matrix product measured here, in float32 on as many threads: {macs} "
                "GMAC/s.",
                macs=f"{roof.macs_per_s / GIGA:.3g}",
            )
        )
    if roof.bytes_per_s is None:
        told.append(words("A layer moved more bytes a second than the best copy did, so no slanted roof is drawn."))
    else:
        told.append(
            words(
                "The slanted roof is the best copy measured here: {moved} GB/s.", moved=f"{roof.bytes_per_s / GIGA:.3g}"
            )
        )
        if memory < roof.bytes_per_s:
            told.append(
                words(
                    "The dotted line is a copy of 64 MiB, more than most caches hold: {memory} GB/s.",
                    memory=f"{memory / GIGA:.3g}",
                )
            )
    return " ".join(told)


def kinds_table(found: Mapping[Slot, Roofline], words: Words) -> str:
    """For each kind of layer of either network: how many, its share of a pass's time, what it achieves. HTML."""
    letters = [coloured(slot) for slot in found]
    quantities = (words("layers"), words("share of the time"), "GMAC/s", "GB/s")
    heads = [escape(words("kind of layer")), *(f"{escape(name)} {letter}" for name in quantities for letter in letters)]
    columns = {slot: _by_kind(roofline, words) for slot, roofline in found.items()}
    longest: dict[str, float] = {}
    for column in columns.values():
        for kind, (share, _) in column.items():
            longest[kind] = max(share, longest.get(kind, 0.0))
    absent = 0.0, ("–",) * len(quantities)
    rows = [
        [
            escape(kind),
            *(columns[slot].get(kind, absent)[1][place] for place in range(len(quantities)) for slot in found),
        ]
        for kind in sorted(longest, key=lambda kind: -longest[kind])
    ]
    return table(heads, rows)


def roofline_chart(found: Mapping[Slot, Roofline], names: Mapping[Slot, str], words: Words) -> Figure:
    """Achieved GMAC/s over MACs per byte, a mark for each kind of layer that has MACs, under the measured roofs.

    No mark is above a roof: one that a layer exceeded is no roof, and is not drawn.
    """
    traces: list[dict[str, Any]] = []
    for slot, roofline in found.items():
        colour = SLOT_COLOURS[slot]
        kinds = [place for place, macs in enumerate(roofline.macs) if macs]
        reached = [roofline.macs_per_s[place] / GIGA for place in kinds]
        fastest = [roofline.macs[place] / roofline.lower_s[place] / GIGA for place in kinds]
        slowest = [roofline.macs[place] / roofline.upper_s[place] / GIGA for place in kinds]
        traces.append({
            "type": "scatter", "mode": "markers+text", "name": f"{SLOT_NAMES[slot]} · {names[slot]}",
            "x": [roofline.macs_per_byte[place] for place in kinds], "y": reached,
            "error_y": {
                "type": "data", "symmetric": False, "thickness": 1.2, "width": 3,
                "array": [high - middle for high, middle in zip(fastest, reached, strict=True)],
                "arrayminus": [middle - low for middle, low in zip(reached, slowest, strict=True)],
            },
            "text": [_mark(roofline, place, words) for place in kinds],
            "textposition": [f"{ABOVE[slot]} {BESIDE.get(roofline.kernels[place], 'right')}" for place in kinds],
            "textfont": {"color": colour},
            "marker": {"size": 11, "symbol": MARKS[slot], "color": colour, "line": {"width": 2, "color": colour}},
            "hovertemplate": "%{text}: %{y:.3g} GMAC/s, %{x:.3g} MAC/B<extra>" + SLOT_NAMES[slot] + "</extra>",
        })  # fmt: skip
    across = [x for trace in traces for x in trace["x"]]
    up = [y for trace in traces for y in trace["y"]]
    lines = _lines(found, across, up, words)
    across += [line["x"][1] for line in lines if line["y"][0] < line["y"][1]]  # where the slanted ones end
    up += [line["y"][-1] for line in lines]
    return {
        "data": [*lines, *traces],
        "layout": {
            "hovermode": "closest",
            "legend": LEGEND,
            "xaxis": {"title": {"text": words("multiply-adds per byte moved")}, **_log_axis(across)},
            "yaxis": {"title": {"text": words("achieved GMAC/s")}, **_log_axis(up)},
        },
    }


def _memory(found: Mapping[Slot, Roofline]) -> float:
    """Bytes a second of the best copy of what hardly a cache holds."""
    return max(roofline.peak_bytes_per_s for roofline in found.values())


def _lines(found: Mapping[Slot, Roofline], across: list[float], up: list[float], words: Words) -> list[dict[str, Any]]:
    """The roofs as far as they are known, and what a copy from memory gives."""
    roof, memory = roofs(list(found.values())), _memory(found)
    level = roof.macs_per_s or 2 * GIGA * max(up)  # without one, the slanted lines end above the marks
    drawn = []
    if roof.bytes_per_s:
        drawn.append(_line(words("best copy measured"), roof.bytes_per_s, level, across, DASHES["a"]))
        if memory < roof.bytes_per_s:
            drawn.append(_line(words("copy from memory"), memory, level, across, DASHES["c"]))
    if roof.macs_per_s:
        bend = roof.macs_per_s / roof.bytes_per_s if roof.bytes_per_s else min(across) / MARGIN
        ends = [bend, max(*across, bend) * MARGIN]
        drawn.append(_trace(words("best matrix product measured"), ends, [level / GIGA] * 2, DASHES["a"]))
    return drawn


def _line(name: str, moved: float, level: float, across: list[float], dash: str) -> dict[str, Any]:
    ends = [min(*across, level / moved) / MARGIN, level / moved]
    return _trace(name, ends, [moved * x / GIGA for x in ends], dash)


def _trace(name: str, x: list[float], y: list[float], dash: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "hoverinfo": "skip",
        "line": {"color": "theme:muted", "width": 1.5, "dash": dash},
    }  # fmt: skip


def _log_axis(values: list[float]) -> dict[str, Any]:
    """From below the least to above the greatest value, with ticks at 1, 2 and 5 of each decade, spelled out."""
    return {
        "type": "log", "range": [math.log10(min(values) / MARGIN), math.log10(max(values) * MARGIN)],
        "tickvals": list(TICKS), "ticktext": [f"{tick:g}" for tick in TICKS],
    }  # fmt: skip


def _by_kind(roofline: Roofline, words: Words) -> dict[str, tuple[float, tuple[str, ...]]]:
    """Kind -> its share of the time, and the cells for its layers, share, GMAC/s and GB/s."""
    total = sum(roofline.times_s)
    rows: dict[str, tuple[float, tuple[str, ...]]] = {}
    for place, time in enumerate(roofline.times_s):
        macs = f"{roofline.macs_per_s[place] / GIGA:.3g}" if roofline.macs[place] else "–"
        moved = f"{roofline.bytes_per_s[place] / GIGA:.3g}"
        cells = f"{roofline.layers[place]:,}", f"{time / total:.1%}", macs, moved
        rows[_title(roofline, place, words)] = time / total, cells
    return rows


def _mark(roofline: Roofline, place: int, words: Words) -> str:
    """A kind's name beside its mark, short enough for a telephone: ``3×3``, ``3×3 g=32``."""
    op, kernel, groups = roofline.ops[place], roofline.kernels[place], roofline.groups[place]
    name = f"{kernel}×{kernel}" if op == "conv" else operator_name(op, words)
    return f"{name} g={groups}" if groups > 1 else name


def _title(roofline: Roofline, place: int, words: Words) -> str:
    return operator_name(roofline.ops[place], words, kernel=roofline.kernels[place], groups=roofline.groups[place])
