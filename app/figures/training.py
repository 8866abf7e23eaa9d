"""Figures of a race: two networks that learn the same images in the same order."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from app.figures.gradients import LEGEND, Figure
from app.figures.packing import packed
from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.train.records import RunHeader, StepRecord

COLUMNS = 400  # of a heat map: more steps are thinned to so many
GAP = 0.14  # between two panels, as a share of the height


class History(NamedTuple):
    """What one network has recorded so far, and the name under which the page shows it."""

    name: str
    header: RunHeader
    records: Sequence[StepRecord]

    @property
    def test_accuracy(self) -> float | None:
        """After the last finished epoch."""
        return next((r.test_accuracy for r in reversed(self.records) if r.test_accuracy is not None), None)

    @property
    def progress(self) -> float:
        """The share of the steps that are done."""
        return self.records[-1].step / self.header.steps if self.records else 0.0

    @property
    def images_per_s(self) -> float | None:
        """The median over the last steps, so that one slow step does not make the number jump."""
        last = [record.images_per_s for record in self.records[-20:]]
        return float(np.median(last)) if last else None

    @property
    def time_left_s(self) -> float | None:
        """At the pace so far, evaluation included."""
        if not self.records:
            return None
        last = self.records[-1]
        return last.time_s / last.step * (self.header.steps - last.step)


Histories = Mapping[Slot, History]


def learning_curves(histories: Histories, words: Words) -> Figure:
    """Test accuracy after each epoch over the training loss of each step, a line a network."""
    traces: list[dict[str, Any]] = []
    for slot, history in histories.items():
        per_epoch = history.header.steps_per_epoch
        tested = [r for r in history.records if r.test_accuracy is not None]
        shared = {"type": "scatter", "name": f"{SLOT_NAMES[slot]} · {history.name}", "legendgroup": slot}
        traces.append({
            **shared, "mode": "lines+markers",
            "x": [r.epoch for r in tested], "y": [r.test_accuracy for r in tested],
            "line": {"color": SLOT_COLOURS[slot], "width": 2.5, "dash": DASHES[slot]},
            "marker": {"size": 7, "symbol": MARKS[slot]},
            "hovertemplate": "%{y:.1%}<extra>" + SLOT_NAMES[slot] + "</extra>",
        })  # fmt: skip
        traces.append({
            **shared, "mode": "lines", "showlegend": False, "yaxis": "y2",
            "x": packed([r.step / per_epoch for r in history.records], "f4"),
            "y": packed([r.loss for r in history.records], "f4"),
            "line": {"color": SLOT_COLOURS[slot], "width": 1.5, "dash": DASHES[slot]},
            "hovertemplate": "%{y:.3g}<extra>" + SLOT_NAMES[slot] + "</extra>",
        })  # fmt: skip
    epochs = max((history.header.train["epochs"] for history in histories.values()), default=1)
    return {
        "data": traces,
        "layout": {
            "hovermode": "x",
            "legend": LEGEND,
            "xaxis": {"title": {"text": words("epoch")}, "range": [0, epochs + 0.3], "anchor": "y2"},
            "yaxis": {
                "title": {"text": words("test accuracy")}, "range": [0, 1.03], "tickformat": ".0%",
                "domain": [0.5 + GAP / 4, 1],
            },
            "yaxis2": {"title": {"text": words("training loss")}, "rangemode": "tozero", "domain": [0, 0.5 - GAP / 4]},
        },
    }  # fmt: skip


def gradient_heat_maps(histories: Histories, words: Words) -> Figure:
    """The gradient norm at each block (row) and step (column), a panel a network, on one colour scale."""
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    logs = {slot: _logs(history) for slot, history in histories.items()}
    finite = [values[np.isfinite(values)] for _, values in logs.values() if values.size]
    everything = np.concatenate(finite) if finite else np.array([])
    low, high = (float(everything.min()), float(everything.max())) if everything.size else (-4.0, 0.0)
    share = (1 - GAP * (len(histories) - 1)) / max(1, len(histories))
    for place, (slot, (steps, values)) in enumerate(logs.items()):
        top = 1 - place * (share + GAP)
        axis = "y" if place == 0 else f"y{place + 1}"
        traces.append({
            "type": "heatmap", "coloraxis": "coloraxis", "yaxis": axis,
            "x": steps, "y0": 1, "dy": 1, "z": packed(values, "f4"),
            "hovertemplate": words("step %{x}, block %{y}: 10^%{z:.2f}") + f"<extra>{SLOT_NAMES[slot]}</extra>",
        })  # fmt: skip
        layout[f"yaxis{place + 1 if place else ''}"] = {
            "title": {"text": words("block")}, "domain": [max(0.0, top - share), top], "showgrid": False,
            "range": [0.5, len(histories[slot].header.unit_names) + 0.5],
        }  # fmt: skip
        layout["annotations"].append({
            "text": f"<b>{SLOT_NAMES[slot]}</b> · {escape(histories[slot].name)}", "showarrow": False, "xref": "paper",
            "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom",
            "font": {"color": SLOT_COLOURS[slot], "size": 13},
        })  # fmt: skip
    total = max((history.header.steps for history in histories.values()), default=1)
    layout["xaxis"] = {
        "title": {"text": words("step")}, "range": [0.5, total + 0.5], "showgrid": False,
        "anchor": f"y{len(histories)}" if len(histories) > 1 else "y",
    }  # fmt: skip
    layout["coloraxis"] = {
        "colorscale": "Cividis", "cmin": low, "cmax": high,
        "colorbar": {"title": {"text": "log₁₀‖∂E/∂x‖", "side": "right"}, "thickness": 12, "outlinewidth": 0},
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def _logs(history: History) -> tuple[list[int], np.ndarray]:
    """Steps, and log10 of the norms as (blocks, steps); NaN, a gap, where a norm is zero or not finite."""
    records = thinned(history.records)
    blocks = len(history.header.unit_names)
    norms = np.array([record.gradient_norms for record in records], dtype=float).reshape(-1, blocks).T
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(norms)
    logs[~np.isfinite(logs)] = math.nan
    return [record.step for record in records], logs


def thinned(records: Sequence[StepRecord]) -> Sequence[StepRecord]:
    """Every k-th record, for the smallest k that leaves at most COLUMNS of them."""
    return records[:: max(1, math.ceil(len(records) / COLUMNS))]


def race_strip(histories: Histories, words: Words) -> str:
    """The two test accuracies as large numbers that race, with their pace. HTML text."""
    cards = []
    for slot, history in histories.items():
        accuracy = history.test_accuracy
        shown = f"{accuracy:.1%}" if accuracy is not None else "–"
        pace = history.images_per_s
        told = words("{count} images/s", count=f"{pace:,.0f}") if pace else words("starting")
        cards.append(
            f'<section class="rx-card rx-racer" style="border-top:4px solid {SLOT_COLOURS[slot]}">'
            f"<h3>{SLOT_NAMES[slot]} · {escape(history.name)}</h3>"
            f'<div class="rx-accuracy" data-accuracy="{slot}" data-value="{accuracy if accuracy is not None else ""}">'
            f"{shown}</div><p>{escape(words('test accuracy'))} · <span "
            f"data-pace='{slot}'>{escape(told)}</span></p></section>"
        )
    return f'<div class="rx-race">{"".join(cards)}</div>'
