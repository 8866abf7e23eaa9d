"""Why a field of a network has no effect: its specification in, a sentence out (a message id), empty where it has one.

A field that has no effect keeps its value and counts again when it applies, so no toggle makes another refuse.
"""

from typing import Any

from resnet_core.errors import N_
from resnet_core.fields import Idle
from resnet_core.orderings import ORDERINGS


def plain(spec: Any) -> str:
    """What only a shortcut has."""
    return "" if spec.skip else N_("A plain network has no shortcut.")


def no_shortcut_to_change(spec: Any) -> str:
    """What a shortcut has that is no projection."""
    if spec.skip and spec.projection == "C":
        return N_("Projection C puts a projection on every shortcut.")
    return plain(spec)


def unless_shortcut(*kinds: str) -> Idle:
    """What only some kinds of shortcut have."""

    def idle(spec: Any) -> str:
        other = "" if spec.shortcut in kinds else N_("The chosen shortcut has no such number.")
        return no_shortcut_to_change(spec) or other

    return idle


def basic(spec: Any) -> str:
    """What only a bottleneck has."""
    return N_("A basic block has no such part: it shapes a bottleneck.") if spec.block == "basic" else ""


def bottleneck(spec: Any) -> str:
    """What only a basic block has."""
    return N_("A bottleneck has a single 3x3, so there is nothing between two.") if spec.block == "bottleneck" else ""


def cannot_start_at_zero(spec: Any) -> str:
    """What needs a normalisation right before the addition: a ReLU there would put out zero with a zero gradient."""
    if spec.skip and spec.norm == "none":
        return N_("Without normalisation there is no scale that could start at zero.")
    if spec.skip and not ORDERINGS[spec.ordering].adds_right_after_norm:
        return N_("In this order no normalisation stands right before the addition.")
    return plain(spec)
