"""Gradient flow: how much of dE/dx reaches each block (arXiv:1603.05027, equation 5), as Plotly figures."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.figures.parts import Chart, Names, Part, Records, Text, source
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.sentences import gradient_reading
from resnet_core.errors import N_
from resnet_core.probe.gradients import GradientFlow, Measure
from resnet_core.recipe import TRAIN_FIELDS

Figure = dict[str, Any]
Norms = Sequence[float | None]

HEIGHT = 285
LEGEND = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"}


LABELS: dict[Measure, str] = {
    "rms": N_("Root mean square of the gradient at the input of each block, for each network, on a logarithmic axis"),
    "l2": N_("Gradient norm at the input of each block, for each network, on a logarithmic axis"),
}
AXES: dict[Measure, str] = {"rms": N_("∂E/∂x, root mean square"), "l2": N_("‖∂E/∂x‖")}


def drawing(records: Records, names: Names, words: Words, measure: Measure = "rms") -> list[Part]:
    """The profile, what it says, and where it was measured. All in L2 norms where one record has nothing else."""
    flows: dict[Slot, GradientFlow] = {slot: rows[-1] for slot, rows in records.items()}
    if not all(flow.sizes for flow in flows.values()):
        measure = "l2"
    values = {slot: flow.told(measure) for slot, flow in flows.items()}
    first = next(iter(flows.values()))
    return [
        Chart(gradient_profile(values, names, words, measure), words(LABELS[measure]), HEIGHT),
        Text(gradient_reading(values, words, measure)),
        source(_provenance(first, words)),
    ]


def _provenance(flow: GradientFlow, words: Words) -> str:
    told = {
        "batch": flow.batch_size, "data": words(TRAIN_FIELDS["data"].choices[flow.data]), "size": flow.image_size,
        "seed": flow.seed, "device": escape(flow.device_name), "version": escape(flow.versions["torch"]),
    }  # fmt: skip
    if flow.trained:
        return words(
            "Measured here: one forward and backward pass of the trained networks on {batch} {data} images of "
            "{size}×{size} pixels, seed {seed}, {device}, PyTorch {version}.",
            **told,
        )
    return words(
        "Measured here: one forward and backward pass of the untrained networks on {batch} {data} images of "
        "{size}×{size} pixels, seed {seed}, {device}, PyTorch {version}.",
        **told,
    )


def gradient_profile(
    norms: Mapping[Slot, Norms], names: Mapping[Slot, str], words: Words, measure: Measure = "rms"
) -> Figure:
    """The gradient at each block's input, a line a network, on a log axis. ``norms``: slot -> one value a block."""
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{SLOT_NAMES[slot]} · {names[slot]}",
            "x": list(range(1, len(values) + 1)),
            "y": [value or None for value in values],  # a log axis has no zero
            "line": {"color": SLOT_COLOURS[slot], "width": 2.5, "dash": DASHES[slot]},
            "marker": {"size": 6, "symbol": MARKS[slot]},
            "hovertemplate": "%{y:.3g}<extra>" + SLOT_NAMES[slot] + "</extra>",
        }
        for slot, values in norms.items()
    ]
    return {
        "data": traces,
        "layout": {
            "hovermode": "x unified",
            "legend": LEGEND,
            "showlegend": True,  # of one network, too
            "xaxis": {"title": {"text": words("block (1 is nearest to the image)")}},
            "yaxis": {
                "title": {"text": words(AXES[measure])},
                "type": "log",
                "exponentformat": "power",
                "dtick": _decades(norms),
            },
        },
    }


def _decades(norms: Mapping[Slot, Norms]) -> int | str:
    """Ticks at whole powers of ten, where there are at least two; else between them as well."""
    positive = [value for values in norms.values() for value in values if value]
    return 1 if positive and max(positive) > 100 * min(positive) else "D2"
