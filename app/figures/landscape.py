"""Every named network in one picture: any two of its quantities against each other, a point a network."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from app.figures.gradients import LEGEND, Figure
from app.figures.latency import seconds, where
from app.figures.numbers import readable
from app.figures.palette import SLOT_COLOURS
from app.figures.parts import Chart, Names, Part, Records, source
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.cost.ledger import Ledger, count
from resnet_core.cost.memory import training_memory
from resnet_core.errors import N_
from resnet_core.presets import QUANTITIES, Preset, preset_named_by, presets
from resnet_core.probe.presets import PresetLatency
from resnet_core.spec import ArchSpec

HEIGHT = 440
MARGIN = 1.25  # of a logarithmic axis beyond its points
BATCH = 128  # of a training's memory
RINGS: dict[Slot, int] = {"a": 23, "b": 15, "c": 31, "d": 39}  # around a point: where both are, both are seen
FORMULA, MEASURED = N_("formula"), N_("measured here")
Times = Mapping[str, PresetLatency]  # by the preset's name


class Axis(NamedTuple):
    """A quantity of a network. ``of`` has it from a formula; what has none is published, or was measured."""

    title: str  # a message id
    unit: str = ""
    of: Callable[[Ledger], int] | None = None


AXES = {
    "params": Axis(N_("parameters"), "", lambda ledger: ledger.params),
    "macs": Axis(N_("multiply-adds of one image"), "", lambda ledger: ledger.macs),
    "saved": Axis(N_("saved activations of one image"), "B", lambda ledger: ledger.saved_bytes),
    "training": Axis(
        N_("memory of training, batch size 128"), "B", lambda ledger: training_memory(ledger, BATCH).peak
    ),
    "depth": Axis(N_("depth in weight layers"), "", lambda ledger: ledger.depth),
    "time": Axis(N_("time of a pass"), "s"),
    "cifar10_error": Axis(N_("CIFAR-10 error"), "%"),
    "cifar100_error": Axis(N_("CIFAR-100 error"), "%"),
    "imagenet_error": Axis(N_("ImageNet top-1 error, 10-crop"), "%"),
}  # fmt: skip


class Value(NamedTuple):
    """Where a network stands on an axis, and what is said of it there."""

    number: float
    told: str


class Dot(NamedTuple):
    """A network in the picture. ``preset`` is its name as one, empty where it is none."""

    title: str
    preset: str
    x: Value
    y: Value


def drawing(records: Records, _names: Names, words: Words) -> list[Part]:
    """What the study of all times found: time over multiply-adds, and where it was measured."""
    times = {record.preset: record for rows in records.values() for record in rows}
    label = words("Time of a pass over multiply-adds, a point for each named network")
    figure = landscape(dots("macs", "time", times, words), "macs", "time", {}, words)
    return [Chart(figure, label, HEIGHT), source(measured(times, words))]


def measured(times: Times, words: Words) -> str:
    """How many were timed, how and where. HTML; ``times`` holds at least one."""
    first = next(iter(times.values()))
    return words(
        "Measured here: {count} of {all} named networks, each by itself, median of up to 50 passes, batch size "
        "{batch}, inference mode, float32, untrained weights. {where}",
        count=len(times), all=len(presets()), batch=first.batch_size, where=where(first, words),
    )  # fmt: skip


def dots(x: str, y: str, times: Times, words: Words) -> list[Dot]:
    """The named networks that have both quantities."""
    found = (dot(row.title, row.spec, x, y, times, words) for row in presets().values())
    return [one for one in found if one]


def dot(title: str, spec: ArchSpec, x: str, y: str, times: Times, words: Words) -> Dot | None:
    """A network's place; None where it has one of the quantities not."""
    name = preset_named_by(spec) or ""
    row = presets().get(name)
    across, up = (_value(axis, spec, row, times, words) for axis in (x, y))
    return Dot(title, name, across, up) if across and up else None


def landscape(points: Sequence[Dot], x: str, y: str, marked: Mapping[Slot, Dot | None], words: Words) -> Figure:
    """The picture. ``marked``: where the networks of the slots stand. A point's ``customdata`` is its preset's name."""
    families: dict[str, list[Dot]] = {}
    for point in points:
        families.setdefault(_family(presets()[point.preset], words), []).append(point)
    symbols = {_family(row, words): _symbol(row) for row in presets().values()}
    traces = [
        {
            **_marks(family, name),
            "marker": {"symbol": symbols[name], "size": 9, "color": "theme:muted", "line": {"width": 1.5}},
        }
        for name, family in families.items()
    ]  # fmt: skip
    for slot, own in marked.items():
        if own:
            colour = SLOT_COLOURS[slot]
            traces.append({
                **_marks([own], SLOT_NAMES[slot]), "mode": "markers+text", "text": [SLOT_NAMES[slot]],
                "hovertext": [_told(own)], "hovertemplate": "%{hovertext}<extra></extra>",
                "textposition": "top left" if slot == "a" else "bottom right", "showlegend": False,
                "textfont": {"color": colour, "size": 15},
                "marker": {"symbol": "circle-open", "size": RINGS[slot], "color": colour, "line": {"width": 3}},
            })  # fmt: skip
    every = [*points, *(own for own in marked.values() if own)]
    layout: dict[str, Any] = {
        "hovermode": "closest", "legend": LEGEND, "showlegend": True, "uirevision": f"{x} {y}",
        "xaxis": _axis(x, [point.x.number for point in every], words),
        "yaxis": _axis(y, [point.y.number for point in every], words),
    }  # fmt: skip
    if not every:
        layout["annotations"] = [{
            "text": words("No network has both of these yet."), "showarrow": False, "xref": "paper", "yref": "paper",
            "x": 0.5, "y": 0.5,
        }]  # fmt: skip
    return {"data": traces, "layout": layout}


def _marks(points: Sequence[Dot], name: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": [point.x.number for point in points],
        "y": [point.y.number for point in points], "customdata": [point.preset for point in points],
        "hovertext": [_told(point) for point in points], "hovertemplate": "%{hovertext}<extra></extra>",
    }  # fmt: skip


def _told(point: Dot) -> str:
    return f"<b>{escape(point.title)}</b><br>{escape(point.x.told)}<br>{escape(point.y.told)}"


def _family(row: Preset, words: Words) -> str:
    name = "CIFAR" if row.spec.stem == "cifar" else "ImageNet"
    return name if row.spec.skip else words("{family}, plain", family=name)


def _symbol(row: Preset) -> str:
    return ("circle" if row.spec.stem == "cifar" else "square") + ("" if row.spec.skip else "-open")


def _value(axis: str, spec: ArchSpec, row: Preset | None, times: Times, words: Words) -> Value | None:
    known = AXES[axis]
    if known.of:
        number = _by_formula(axis, spec)
        amount = readable(number, known.unit)
        return Value(number, f"{words(known.title)}: {amount} ({words(FORMULA)})")
    if axis == "time":
        timed = times.get(row.name) if row else None
        if timed is None:
            return None
        return Value(timed.spread.median, f"{words(known.title)}: {seconds(timed.spread.median)} ({words(MEASURED)})")
    for figure in row.published if row else ():
        if figure.quantity == axis:
            printed = words(QUANTITIES[axis], figure=figure.printed)
            return Value(figure.value, f"{printed} ({figure.source})")
    return None


@functools.lru_cache(maxsize=len(AXES) * 100)
def _by_formula(axis: str, spec: ArchSpec) -> int:
    of = AXES[axis].of
    assert of, axis
    return of(count(spec))


def _axis(name: str, numbers: Iterable[float], words: Words) -> dict[str, Any]:
    """A logarithmic axis a little beyond its points, with ticks at round values that leave each other room."""
    known = AXES[name]
    title = f"{words(known.title)} ({known.unit})" if known.unit == "%" else words(known.title)
    found = list(numbers) or [1.0]
    low, high = min(found) / MARGIN, max(found) * MARGIN
    ticks = _ticks(low, high)
    return {
        "title": {"text": title}, "type": "log", "range": [math.log10(low), math.log10(high)], "tickvals": ticks,
        "ticktext": [_short(tick, known.unit) for tick in ticks],
    }  # fmt: skip


def _ticks(low: float, high: float) -> list[float]:
    decades = math.log10(high / low)
    digits = (1, 1.5, 2, 3, 4, 6, 8) if decades < 1 else (1, 2, 5) if decades < 2 else (1, 3) if decades < 3.5 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [tick for power in powers for digit in digits if low <= (tick := digit * 10.0**power) <= high]


def _short(tick: float, unit: str) -> str:
    if unit == "s":
        return seconds(tick)
    for size, prefix in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if tick >= size and unit != "%":
            return f"{tick / size:g} {prefix}{unit}"
    return f"{tick:g}"
