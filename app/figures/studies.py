"""The table of figures: each study's name with what draws its records."""

from app.figures import activations, gradients, inside, landscape, latency, numerics, onnx, readout, reconcile, roofline
from app.figures.parts import Drawing, Part
from app.slots import RACERS, Slot
from app.text import Words
from app.text.naming import said
from resnet_core.studies import Found

FIGURES: dict[str, Drawing] = {
    "gradients": gradients.drawing,
    "counts": reconcile.drawing,
    "latency": latency.drawing,
    "kernels": latency.kernels_drawing,
    "roofline": roofline.drawing,
    "numerics": numerics.drawing,
    "onnx": onnx.drawing,
    "activations": activations.drawing,
    "readout": readout.drawing,
    "inside": inside.drawing,
    "presets": landscape.drawing,
}


def draw(found: Found, words: Words, slots: tuple[Slot, ...] = RACERS) -> list[Part]:
    """The figure of what a study found; ``slots`` are the places of its networks, which own their colours."""
    known = {slot: found.of(place) for place, slot in enumerate(slots)}
    records = {slot: rows for slot, rows in known.items() if rows}
    names = {slots[network.place]: said(network.name, words) for network in found.networks}
    return FIGURES[found.study.name](records, names, words, **found.study.view(found.options))
