"""What was measured of the networks of a stage, as it is drawn there and in sentences. Records in, plain values out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from app.figures import inside
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.readings import backward, forward
from app.text.sentences import measured_where
from resnet_core.probe.gradients import GradientFlow
from resnet_core.probe.readout import Readout
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.studies import Found

Answers = Mapping[str, Found]


def answers(found: Answers, before: Answers, slots: Sequence[Slot], words: Words) -> dict[str, Any]:
    """By slot what a stage draws: ``forward``, ``backward``, ``inside``, and the ``maps`` of an opened block.

    With ``sentences`` of what they say, and the ``source``: where it was measured.

    ``before``: the same of the networks as they were, empty where nothing has changed.
    """
    told: dict[str, Any] = {"forward": {}, "backward": {}, "inside": {}, "maps": {}, "sentences": [], "source": ""}
    records = {name: _by_slot(one, slots) for name, one in found.items()}
    were = {name: _by_slot(one, slots) for name, one in before.items()}
    for slot, record in records.get("readout", {}).items():
        told["forward"][slot] = {
            "values": numbers(record.accuracy),
            "chance": record.chance,
            "last": record.last_readable,
        }
    for slot, record in records.get("gradients", {}).items():
        told["backward"][slot] = {"values": numbers(record.rms)}
    for slot, record in records.get("inside", {}).items():
        told["inside"][slot] = inside.stage_frames(record)
        told["maps"][slot] = inside.block_maps(record)
    told["sentences"] = _sentences(records, were, slots, words)
    told["source"] = _source(records, words)
    return told


def _by_slot(found: Found, slots: Sequence[Slot]) -> dict[Slot, Any]:
    """The latest record of each network."""
    return {slot: rows[-1] for place, slot in enumerate(slots) if (rows := found.of(place))}


def numbers(values: Sequence[float]) -> list[float | None]:
    """As JSON can carry them: what is not finite is a gap."""
    return [value if math.isfinite(value) else None for value in values]


def _sentences(records: Mapping[str, Any], were: Mapping[str, Any], slots: Sequence[Slot], words: Words) -> list[str]:
    lines = []
    for slot in slots:
        told = []
        read: Readout | None = records.get("readout", {}).get(slot)
        flow: GradientFlow | None = records.get("gradients", {}).get(slot)
        read_before, flow_before = were.get("readout", {}).get(slot), were.get("gradients", {}).get(slot)
        if read:
            was = (read_before.last_readable, read_before.accuracy[-1]) if read_before else None
            told.append(forward(SLOT_NAMES[slot], read.accuracy, read.last_readable, read.chance, was, words))
        if flow:
            told.append(backward(SLOT_NAMES[slot], flow.rms, flow_before.rms if flow_before else None, words))
        lines += told
    return lines


def _source(records: Mapping[str, Any], words: Words) -> str:
    """Where the curves were measured, as HTML for small print."""
    flow: GradientFlow | None = next(iter(records.get("gradients", {}).values()), None)
    read: Readout | None = next(iter(records.get("readout", {}).values()), None)
    told = []
    if flow:
        told.append(
            words(
                "Measured here, {weights} weights, {data} of {size}×{size} pixels. Backward: the root mean square of "
                "∂E/∂x at each block's input, one pass over {batch} images.",
                weights=words("trained") if flow.trained else words("untrained"),
                data=words(TRAIN_FIELDS["data"].choices[flow.data]), size=flow.image_size, batch=flow.batch_size,
            )
        )  # fmt: skip
    if read:
        told.append(
            words(
                "Forward: a ridge regression (constant {ridge}) on each block's output, fitted on {fitted} images, "
                "scored on {scored} others (arXiv:1610.01644).",
                ridge=f"{read.ridge:g}", fitted=f"{read.fitted:,}", scored=f"{read.scored:,}",
            )
        )  # fmt: skip
    if flow:
        told.append(measured_where(flow, words))
    return " ".join(told)
