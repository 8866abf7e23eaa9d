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
from resnet_core.probe.timing import Roofline

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
    macs, moved = peaks(found)
    passes = ", ".join(f"{roofline.passes} ({SLOT_NAMES[slot]})" for slot, roofline in found.items())
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
        source(
            words(
                "Measured here: each layer timed in its place in so many passes, in turn: {passes}; batch size "
                "{batch}; marks are medians, bars the middle half. {where} Roofs: {macs} GMAC/s in a product of "
                "1024×1024 matrices, {moved} GB/s in a copy of 64 MiB; a layer whose data lie in a cache can be above "
                "the second. MACs and bytes (each input, weight and output once) are the ledger's.",
                passes=passes, batch=first.batch_size, where=where(first, words), macs=f"{macs / GIGA:.3g}",
                moved=f"{moved / GIGA:.3g}",
            )
        ),
    ]  # fmt: skip


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
    """Achieved GMAC/s over MACs per byte, a mark for each kind of layer that has MACs, under the measured roofs."""
    peak_macs, peak_bytes = peaks(found)
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
    across = [x for trace in traces for x in trace["x"]] + [peak_macs / peak_bytes]
    up = [y for trace in traces for y in trace["y"]] + [peak_macs / GIGA]
    return {
        "data": [_roof(across, peak_macs, peak_bytes, words), *traces],
        "layout": {
            "hovermode": "closest",
            "legend": LEGEND,
            "xaxis": {"title": {"text": words("multiply-adds per byte moved")}, **_log_axis(across)},
            "yaxis": {"title": {"text": words("achieved GMAC/s")}, **_log_axis(up)},
        },
    }


def peaks(found: Mapping[Slot, Roofline]) -> tuple[float, float]:
    """MACs and bytes a second of the two roofs: the better of what both records hold."""
    return (
        max(roofline.peak_macs_per_s for roofline in found.values()),
        max(roofline.peak_bytes_per_s for roofline in found.values()),
    )


def _roof(across: list[float], peak_macs: float, peak_bytes: float, words: Words) -> dict[str, Any]:
    ends = (min(across) / MARGIN, peak_macs / peak_bytes, max(across) * MARGIN)
    return {
        "type": "scatter", "mode": "lines", "name": words("measured roofs: copy, matrix product"),
        "x": list(ends), "y": [min(peak_macs, peak_bytes * x) / GIGA for x in ends], "hoverinfo": "skip",
        "line": {"color": "theme:muted", "width": 1.5, "dash": DASHES["a"]},
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
