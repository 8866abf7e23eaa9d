"""The scene of a stage: networks as rows of blocks, in the plain values from which the browser draws them."""

import hashlib
from collections.abc import Mapping
from typing import Any

from app.figures.palette import DASHES, MARKS, SLOT_COLOURS
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.plan import Plan, Unit


def scene(
    plans: Mapping[Slot, Plan],
    names: Mapping[Slot, str],
    bases: Mapping[Slot, str],
    told: Mapping[str, Any],
    words: Words,
) -> dict[str, Any]:
    """What the browser needs of the networks in these slots.

    ``names`` as people say them; ``bases``: the presets from which they come, whose change starts the axes anew;
    ``told``: what goes along as it is (the ticket of what is measured, the open block, the language).
    """
    return {
        "networks": [
            _network(slot, plan, names[slot], bases[slot], str(told.get("question", "")), words)
            for slot, plan in plans.items()
        ],
        "words": _words(words),
        **told,
    }


def _network(slot: Slot, plan: Plan, name: str, base: str, question: str, words: Words) -> dict[str, Any]:
    last = {unit.stage: unit for unit in plan.units}  # the latest of each stage
    return {
        "slot": slot,
        "letter": SLOT_NAMES[slot],
        "name": name,
        "colour": SLOT_COLOURS[slot],
        "dash": DASHES[slot],
        "mark": MARKS[slot],
        "base": base,
        "id": hashlib.sha256(f"{plan.spec.model_dump_json()}{question}".encode()).hexdigest()[:16],
        "total": len(plan.units),
        "stages": [_shape(unit) for unit in last.values()],
        "head": words("{count} classes", count=f"{plan.spec.num_classes:,}"),
        "blocks": [_block(number, unit, plan) for number, unit in enumerate(plan.units, start=1)],
    }


def _block(number: int, unit: Unit, plan: Plan) -> dict[str, Any]:
    whole = "identity" if plan.spec.keeps_shape(number) and not unit.body.part("shortcut") else "projection"
    arc = whole if unit.body.addition else ("cut" if plan.spec.skip else "plain")
    return {
        "n": number, "name": unit.name, "stage": unit.stage - 1, "side": max(unit.body.out_shape[1:]),
        "out": _shape(unit), "arc": arc, "whole": whole,
    }  # fmt: skip


def _shape(unit: Unit) -> str:
    return "×".join(map(str, unit.body.out_shape))


def _words(words: Words) -> dict[str, Any]:
    return {
        "hint": words("Click an arc: it is cut. Click a block: it opens."),
        "keys": words("Arrow keys move over the blocks, Space cuts the shortcut, Enter opens the block."),
        "block": words("Block {n} of {of} ({name}), {shape}, {arc}"),
        "identity": words("identity shortcut"),
        "projection": words("shortcut that changes the shape"),
        "cut": words("shortcut cut"),
        "plain": words("no shortcut"),
        "none": "",
        "read": words("class read {share}"),
        "gradient": words("gradient {value}"),
        "residual": words("‖F(x)‖/‖x‖ {value}"),
        "dimensions": words("{value} dimensions"),
        "cut_it": words("Click: cut this shortcut"),
        "mend": words("Click: add this shortcut"),
        "open_it": words("Click: open this block"),
        "forward": words("Forward: the class that can still be read at each block (linear reader)"),
        "backward": words("Backward: the gradient that reaches each block (root mean square)"),
        "at_first": words("{value} at block 1"),
        "chance": words("chance"),
        "measuring": words("measuring"),
        "again": words("Try again"),
        "unreachable": words("The server does not answer; what is drawn stays."),
        "weights": words("Weights"),
        "untrained": words("untrained"),
        "trained": words("trained"),
        "trained_recorded": words("trained (recorded)"),
        "image": words("image {n}"),
        "image_before": words("The test image before"),
        "image_after": words("The next test image"),
        "draw": words("Draw"),
        "clear": words("Clear"),
        "close": words("Close"),
        "pad": words("Draw a digit here with mouse or finger"),
        "pad_told": words("Draw a digit: it is made as small as the images that the networks know."),
        "play": words("Play"),
        "pause": words("Pause"),
        "slider": words("Position of the image, forward and back"),
        "zoom": words("Stage"),
        "all": words("all"),
        "phases": {
            "rest": "",
            "image": words("the image"),
            "forward": words("forward: block {n}"),
            "class": words("the class that each names"),
            "backward": words("gradient back: block {n}"),
        },
    }  # fmt: skip
