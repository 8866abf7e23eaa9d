"""Measured times: whole passes of each network, and a 1x1 beside a 3x3 convolution. HTML from records."""

from collections.abc import Mapping
from html import escape

from app.figures.compare import coloured, table
from app.figures.numbers import readable
from app.figures.parts import Html, Names, Part, Records, Text, source
from app.slots import Slot
from app.text import Words
from resnet_core.probe.timing import Kernels, Latency, Roofline, Spread, ratios

GIGA = 1e9


def drawing(records: Records, names: Names, words: Words) -> list[Part]:
    """The table of passes and where they were timed."""
    times: dict[Slot, Latency] = {slot: rows[-1] for slot, rows in records.items()}
    first = next(iter(times.values()))
    told = words(
        "Measured here: forward passes of the networks in turn after a warm-up, batch size {batch}, inference mode, "
        "float32, untrained weights. {where}",
        batch=first.batch_size, where=where(first, words),
    )  # fmt: skip
    told += " " + words(
        "How often is adapted to the time that a pass takes; of fewer than 21 passes the 95th percentile lies between "
        "the two slowest."
    )
    if {"a", "b"} <= set(times):
        told += " " + words("B / A is the ratio of the medians; its middle half is that of the pairs.")
    return [Html(latency_table(times, names, words)), source(told)]


def kernels_drawing(records: Records, _names: Names, words: Words) -> list[Part]:
    """The lesson of the two convolutions."""
    kernels: Kernels = next(iter(records.values()))[-1]
    pairs, fastest = kernels.ratios, kernels.fastest_ratio
    told = words(
        "**Cost is not time.** For one image, between {channels} channels on a {size}×{size} map, a 1×1 "
        "convolution has exactly 1/9 = 0.111 of the multiply-adds of a 3×3. Fastest against fastest, it took "
        "{fastest} of its time here, {factor} times what its multiply-adds suggest; in the median pair {median} "
        "(middle half {lower} to {upper}).",
        channels=kernels.channels, size=kernels.map_size, fastest=f"{fastest:.3f}", median=f"{pairs.median:.3f}",
        factor=f"{fastest * kernels.macs_3x3 / kernels.macs_1x1:.1f}", lower=f"{pairs.lower:.3f}",
        upper=f"{pairs.upper:.3f}",
    )  # fmt: skip
    measured = words("Measured here: {pairs} pairs in turn. {where}", pairs=pairs.repeats, where=where(kernels, words))
    return [Text(told), source(measured)]


def where(record: Latency | Kernels | Roofline, words: Words) -> str:
    """The machine, and what else it did meanwhile. HTML."""
    told = words(
        "{device}, threads: {threads}, PyTorch {version}, seed {seed}. Other processes kept {busy} of {cores} cores "
        "busy meanwhile.",
        device=escape(record.device_name), threads=record.threads, version=escape(record.versions["torch"]),
        seed=record.seed, busy=f"{record.busy_cores:.1f}", cores=record.cores,
    )  # fmt: skip
    if record.busy_cores + record.threads > record.cores:
        told += f" <b>{words('That is too much for quiet times: trust the fastest more than the median.')}</b>"
    return told


def latency_table(times: Mapping[Slot, Latency], names: Mapping[Slot, str], words: Words) -> str:
    """The time of a pass of each network with its spread, and of A and B the ratios of times and of MACs. HTML."""
    heads = [
        words("network"), words("median of a pass"), words("95th percentile"), words("middle half"), words("fastest"),
        words("images a second"), words("passes"), words("multiply-adds"), words("achieved"),
    ]  # fmt: skip
    rows = []
    for slot, taken in times.items():
        spread = taken.spread
        rows.append([
            f"{coloured(slot)} · {escape(names[slot])}", f'<b data-latency="{slot}">{seconds(spread.median)}</b>',
            f'<span data-p95="{slot}">{seconds(spread.p95)}</span>', middle(spread), seconds(spread.minimum),
            _rate(taken), str(spread.repeats), readable(taken.macs),
            f"{taken.macs / spread.median / GIGA:.3g} GMAC/s",
        ])  # fmt: skip
    if not {"a", "b"} <= set(times):
        return table(map(escape, heads), rows)
    a, b = times["a"], times["b"]
    pairs = ratios(b.times_s, a.times_s)
    rows.append([
        "B / A", f"<b data-ratio='time'>{b.spread.median / a.spread.median:.3g}</b>",
        f"{b.spread.p95 / a.spread.p95:.3g}",
        words("{lower} to {upper}", lower=f"{pairs.lower:.3g}", upper=f"{pairs.upper:.3g}"),
        f"{b.spread.minimum / a.spread.minimum:.3g}", f"{b.images_per_s / a.images_per_s:.3g}", "",
        f"<b data-ratio='macs'>{b.macs / a.macs:.3g}</b>", "",
    ])  # fmt: skip
    return table(map(escape, heads), rows)


def _rate(taken: Latency) -> str:
    """Images a second, to three digits or in full."""
    return f"{taken.images_per_s:,.0f}" if taken.images_per_s >= 100 else f"{taken.images_per_s:.3g}"


def seconds(time: float) -> str:
    """A time with three significant digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if time >= size:
            return f"{time / size:.3g} {unit}"
    return f"{time * 1e6:.3g} µs"


def middle(spread: Spread) -> str:
    """The quartiles: ``106 ms – 133 ms``."""
    return f"{seconds(spread.lower)} – {seconds(spread.upper)}"
