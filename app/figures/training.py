"""Figures of a race. Their traces name what they show (see :mod:`app.components.race`); the browser fills them in."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from app.figures.gradients import LEGEND, Figure
from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.figures.race import Racer
from app.slots import SLOT_NAMES
from app.text import Words
from app.text.naming import said
from resnet_core.train.records import SIGNALS

GUESSES = 2.0  # the loss axis ends at so many times the loss of a guess: a spike would flatten all the rest
GAP = 0.14  # between two panels of heat maps, as a share of the height


# Every second anchor of Cividis (Nuñez, Anderton, Renslow 2018), which keeps its order for colour-blind readers, and
# blue to red around zero (ColorBrewer's RdBu, from its blue end).
CIVIDIS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
AROUND_ZERO = ("#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b")


def learning_curves(racers: Sequence[Racer], words: Words) -> Figure:
    """Accuracy over loss over learning rate, by epoch: a line for each network, a band for its seeds."""
    traces: list[dict[str, Any]] = []
    for racer in racers:
        traces += [*_tested(racer, "test_accuracy", words), *_tested(racer, "test_loss", words)]
        line = {"color": SLOT_COLOURS[racer.slot], "width": 1, "dash": DASHES[racer.slot]}
        shared = {
            "type": "scatter", "mode": "lines", "showlegend": False, "legendgroup": racer.slot, "line": line,
        }  # fmt: skip
        for run_id in racer.ids:
            for name in ("train_accuracy", "loss"):
                traces.append({
                    **shared, **_panel(racer, name, words("training batch")), "opacity": 0.3,
                    "live": {"runs": [run_id], "y": name},
                })  # fmt: skip
        traces.append({
            **shared, "line": {**line, "width": 1.5}, "yaxis": "y3",
            "hovertemplate": f"%{{y:.3g}}<extra>{SLOT_NAMES[racer.slot]}</extra>",
            "live": {"runs": racer.ids[:1], "y": "learning_rate"},
        })  # fmt: skip
    highest = max(racer.how.learning_rate for racer in racers)
    return {
        "data": traces,
        "layout": {
            "hovermode": "x",
            "legend": LEGEND,
            "xaxis": {"title": {"text": words("epoch")}, "anchor": "y3", **_to(racers)},
            "yaxis": {
                "title": {"text": words("accuracy")}, "range": [0, 1.03], "tickformat": ".0%", "domain": [0.56, 1]
            },
            "yaxis2": {"title": {"text": words("loss")}, "range": [0, _loss_end(racers)], "domain": [0.22, 0.5]},
            "meta": {"beyond": words("Beyond this axis, the highest loss: {losses}")},
            "annotations": [{
                "text": words("with marks: test images; faint: training batch"), "showarrow": False, "xref": "paper",
                "yref": "paper", "x": 1, "y": 0.5, "xanchor": "right", "yanchor": "bottom", "font": {"size": 11},
            }],
            "yaxis3": {"title": {"text": words("rate")}, "range": [0, 1.05 * highest], "domain": [0, 0.16]},
        },
    }  # fmt: skip


def _loss_end(racers: Sequence[Racer]) -> float:
    """Where the axis of the loss ends, the same all along a race. A guess among n classes has a loss of ln n."""
    return GUESSES * math.log(max(2, *(racer.classes for racer in racers)))


def _panel(racer: Racer, name: str, told: str) -> dict[str, Any]:
    """Where a value of a record is drawn, and what a pointer reads there."""
    accuracy = name.endswith("accuracy")
    hover = f"%{{y:{'.1%' if accuracy else '.3g'}}}<extra>{SLOT_NAMES[racer.slot]} · {told}</extra>"
    return {"yaxis": "y" if accuracy else "y2", "hovertemplate": hover}


def _tested(racer: Racer, name: str, words: Words) -> list[dict[str, Any]]:
    """What was tested after each epoch; with several seeds the median, on a band from the lowest to the highest."""
    colour = SLOT_COLOURS[racer.slot]
    shared = {"type": "scatter", "legendgroup": racer.slot, **_panel(racer, name, words("test images"))}
    line = {
        **shared, "mode": "lines+markers", "name": f"{SLOT_NAMES[racer.slot]} · {said(racer.name, words)}",
        "showlegend": name == "test_accuracy",  # once for both
        "line": {"color": colour, "width": 2.5, "dash": DASHES[racer.slot]},
        "marker": {"size": 7, "symbol": MARKS[racer.slot]},
        "live": {"runs": racer.ids, "y": name, **({"stat": "median"} if len(racer.ids) > 1 else {})},
    }  # fmt: skip
    if len(racer.ids) == 1:
        return [line]
    edge = {**shared, "mode": "lines", "showlegend": False, "hoverinfo": "skip", "line": {"color": colour, "width": 0}}
    low = {**edge, "live": {"runs": racer.ids, "y": name, "stat": "low"}}
    high = {
        **edge, "fill": "tonexty", "fillcolor": f"{colour}38", "live": {"runs": racer.ids, "y": name, "stat": "high"}
    }  # fmt: skip
    return [low, high, line]


def _to(racers: Sequence[Racer], scale: int | None = 1, start: float = 0.0) -> dict[str, Any]:
    """The range of an axis of epochs, ``scale`` steps each; none where a budget of time decides, so that it grows."""
    ends = [racer.epochs for racer in racers if racer.epochs]
    if scale is None or len(ends) < len(racers):
        return {}
    return {"range": [start, scale * max(ends) + (start or 0.02 * max(ends))]}


def heat_maps(racers: Sequence[Racer], name: str, words: Words) -> Figure:
    """A value at each block (row) and step (column), a panel a network, on one colour scale. Of several seeds, the
    first."""
    signal = SIGNALS[name]
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    share = (1 - GAP * (len(racers) - 1)) / len(racers)
    value = "10^%{z:.2f}" if signal.log else "%{z:.3f}"
    for place, racer in enumerate(racers):
        top = 1 - place * (share + GAP)
        traces.append({
            "type": "heatmap", "coloraxis": "coloraxis", "yaxis": f"y{place + 1}" if place else "y", "y0": 1, "dy": 1,
            "hoverongaps": False,
            "hovertemplate": f"{words('step')} %{{x}}, {words('block')} %{{y}}: {value}"
            f"<extra>{SLOT_NAMES[racer.slot]}</extra>",
            "live": {"run": racer.ids[0], "z": name, "log": signal.log, "middle": signal.middle},
        })  # fmt: skip
        layout[f"yaxis{place + 1 if place else ''}"] = {
            "title": {"text": words("block")}, "domain": [max(0.0, top - share), top], "showgrid": False,
            "range": [0.5, racer.units + 0.5],
        }  # fmt: skip
        layout["annotations"].append({
            "text": f"<b>{SLOT_NAMES[racer.slot]}</b> · {escape(said(racer.name, words))}", "showarrow": False,
            "xref": "paper",
            "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom",
            "font": {"color": SLOT_COLOURS[racer.slot], "size": 13},
        })  # fmt: skip
    layout["xaxis"] = {
        "title": {"text": words("step")}, "showgrid": False, **_to(racers, racers[0].per_epoch, 0.5),
        "anchor": f"y{len(racers)}" if len(racers) > 1 else "y",
    }  # fmt: skip
    colours = AROUND_ZERO if signal.middle else CIVIDIS
    axis = words(signal.axis)
    layout["coloraxis"] = {
        "colorscale": [[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)],
        "colorbar": {"title": {"text": f"log₁₀ {axis}" if signal.log else axis, "side": "right"}, "thickness": 12,
                     "outlinewidth": 0},
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def profile(racers: Sequence[Racer], name: str, words: Words) -> Figure:
    """A value by block at one step, a line a network."""
    signal = SIGNALS[name]
    traces = [
        {
            "type": "scatter", "mode": "lines+markers", "name": f"{SLOT_NAMES[racer.slot]} · {said(racer.name, words)}",
            "line": {"color": SLOT_COLOURS[racer.slot], "width": 2.5, "dash": DASHES[racer.slot]},
            "marker": {"size": 5, "symbol": MARKS[racer.slot]},
            "hovertemplate": "%{y:.3g}<extra>" + SLOT_NAMES[racer.slot] + "</extra>",
            "live": {"runs": racer.ids[:1], "profile": name, "log": signal.log, "middle": signal.middle},
        }
        for racer in racers
    ]  # fmt: skip
    blocks = max(racer.units for racer in racers)
    axis = {"title": {"text": words(signal.axis)}}
    return {
        "data": traces,
        "layout": {
            "hovermode": "x unified",
            "legend": LEGEND,
            "xaxis": {"title": {"text": words("block (1 is nearest to the image)")}, "range": [0.5, blocks + 0.5]},
            "yaxis": {**axis, "type": "log", "exponentformat": "power"} if signal.log else axis,
        },
    }


def race_strip(racers: Sequence[Racer], words: Words) -> str:
    """The test accuracies as large numbers that race, with pace, step, loss and learning rate. HTML text."""
    cards = []
    for racer in racers:
        slot = racer.slot
        rows = "".join(
            f'<span>{escape(title)} <b data-now="{slot}.{name}">–</b></span>'
            for name, title in (("step", words("step")), ("loss", words("loss")), ("rate", words("rate")))
        )
        seeds = words("{count} seeds, median", count=len(racer.runs)) if len(racer.runs) > 1 else ""
        cards.append(
            f'<section class="rx-card rx-racer" style="border-top:4px solid {SLOT_COLOURS[slot]}">'
            f"<h3>{SLOT_NAMES[slot]} · {escape(said(racer.name, words))}</h3>"
            f'<div class="rx-accuracy"><span data-accuracy="{slot}" data-value="">–</span> '
            f'<small data-range="{slot}"></small></div>'
            f'<p>{escape(words("test accuracy"))} · <span data-pace="{slot}"></span></p>'
            f'<p class="rx-now">{rows}</p><p>{escape(seeds)}</p></section>'
        )
    return f'<div class="rx-race">{"".join(cards)}</div>'


def player(words: Words) -> str:
    """The buttons that steer a running race, and how far it is. HTML text."""
    buttons = "".join(
        f'<button type="button" data-do="{name}" disabled>{escape(title)}</button>'
        for name, title in (("pause", words("Pause")), ("step", words("One step")), ("stop", words("Stop")))
    )
    slow = f'<label><input type="checkbox" data-slow>{escape(words("Slow motion"))}</label>'
    bar = (
        f'<div class="rx-progress" role="progressbar" aria-label="{escape(words("Progress"))}" aria-valuemin="0" '
        'aria-valuemax="100"><i></i></div>'
    )
    return (
        f'<div class="rx-player">{buttons}{slow}<span class="rx-state" role="status"></span></div>{bar}'
        '<div class="rx-problems" role="alert" hidden></div>'
    )
