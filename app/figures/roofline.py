"""Measured times: passes, the kinds of layer in them, and the roofline chart. HTML and Plotly figures from records."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any, cast

from app.figures.compare import coloured_slots, table
from app.figures.gradients import LEGEND, Figure
from app.figures.numbers import readable
from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.text.operators import operator_name
from resnet_core.cost.ledger import Kind
from resnet_core.probe.records import Latency, Roofline, Spread, ratios

GIGA = 1e9
MARGIN = 2.0  # of the axes beyond the marks
TICKS = tuple(digit * 10.0**power for power in range(-3, 5) for digit in (1, 2, 5))
ABOVE: dict[Slot, str] = {"a": "top", "b": "bottom"}  # where A and B coincide, both can be read,
BESIDE = {7: "left"}  # as can the stem's 7x7 and a 3x3, whose intensities are close; the others stand on the right


def latency_table(times: Mapping[Slot, Latency], names: Mapping[Slot, str], words: Words) -> str:
    """The time of a pass of each network with its spread, and the ratios of times and of MACs. HTML."""
    heads = [
        words("network"), words("median of a pass"), words("middle half"), words("fastest"), words("passes"),
        words("multiply-adds"), words("achieved"),
    ]  # fmt: skip
    rows = []
    for slot, letter in zip(SLOTS, coloured_slots(), strict=True):
        taken = times[slot]
        spread = taken.spread
        rows.append([
            f"{letter} · {escape(names[slot])}", f'<b data-latency="{slot}">{seconds(spread.median)}</b>',
            middle(spread), seconds(spread.minimum), str(spread.repeats), readable(taken.macs),
            f"{taken.macs / spread.median / GIGA:.3g} GMAC/s",
        ])  # fmt: skip
    a, b = times["a"], times["b"]
    pairs = ratios(b.times_s, a.times_s)
    rows.append([
        "B / A", f"<b data-ratio='time'>{b.spread.median / a.spread.median:.3g}</b>",
        words("{lower} to {upper}", lower=f"{pairs.lower:.3g}", upper=f"{pairs.upper:.3g}"),
        f"{b.spread.minimum / a.spread.minimum:.3g}", "", f"<b data-ratio='macs'>{b.macs / a.macs:.3g}</b>", "",
    ])  # fmt: skip
    return table(map(escape, heads), rows)


def kinds_table(found: Mapping[Slot, Roofline], words: Words) -> str:
    """For each kind of layer of either network: how many, its share of a pass's time, what it achieves. HTML."""
    letters = coloured_slots()
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
            *(columns[slot].get(kind, absent)[1][place] for place in range(len(quantities)) for slot in SLOTS),
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


def seconds(time: float) -> str:
    """A time with three significant digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if time >= size:
            return f"{time / size:.3g} {unit}"
    return f"{time * 1e6:.3g} µs"


def middle(spread: Spread) -> str:
    """The quartiles: ``106 ms – 133 ms``."""
    return f"{seconds(spread.lower)} – {seconds(spread.upper)}"


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
    name = f"{kernel}×{kernel}" if op == "conv" else operator_name(cast(Kind, op), words)
    return f"{name} g={groups}" if groups > 1 else name


def _title(roofline: Roofline, place: int, words: Words) -> str:
    op = cast(Kind, roofline.ops[place])
    return operator_name(op, words, kernel=roofline.kernels[place], groups=roofline.groups[place])
