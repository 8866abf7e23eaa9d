"""Why a field of a network has no effect: its specification in, a sentence out (a message id), empty where it has one.

A field that has no effect keeps its value and counts again when it applies, so no toggle makes another refuse.
"""

from typing import Any

from resnet_core.errors import N_
from resnet_core.fields import Idle
from resnet_core.orderings import ORDERINGS


def all_cut(spec: Any) -> str:
    """The switch of all shortcuts, where each is cut by itself."""
    return "" if _with_shortcut(spec, cut_only=True) else N_("Every shortcut is cut.")


def nothing_to_cut(spec: Any) -> str:
    """Cuts where there is no shortcut, or no such block."""
    if spec.skip and spec.cut and spec.cut[0] > sum(spec.stages):
        return N_("The network has fewer blocks than that.")
    return "" if spec.skip else N_("A plain network has no shortcut.")


def plain(spec: Any) -> str:
    """What only a shortcut has."""
    return all_cut(spec) if spec.skip else N_("A plain network has no shortcut.")


def no_shortcut_to_change(spec: Any) -> str:
    """What a shortcut has that is no projection."""
    if reason := plain(spec):
        return reason
    if spec.projection == "C":
        return N_("Projection C puts a projection on every shortcut.")
    if not any(map(spec.keeps_shape, _with_shortcut(spec))):
        return N_("No block that has a shortcut keeps its shape.")
    return ""


def every_shortcut_projects(spec: Any) -> str:
    """The choice of a projection, where the shortcut that is chosen beside it is one."""
    if reason := plain(spec):
        return reason
    changing = [number for number in _with_shortcut(spec) if not spec.keeps_shape(number)]
    if spec.shortcut == "conv1x1" and not changing:
        return N_("Every shortcut is a 1x1 convolution already.")
    return ""


def one_stage(spec: Any) -> str:
    """What only a bottleneck that strides has."""
    return basic(spec) or ("" if len(spec.stages) > 1 else N_("There is a single stage, so no block strides."))


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


def _with_shortcut(spec: Any, *, cut_only: bool = False) -> list[int]:
    """The numbers of the blocks that have a shortcut; or would have, but for the switch of all."""
    blocks = range(1, sum(spec.stages) + 1)
    return [number for number in blocks if (number not in spec.cut if cut_only else spec.has_shortcut(number))]


def cannot_start_at_zero(spec: Any) -> str:
    """What needs a normalisation right before the addition: a ReLU there would put out zero with a zero gradient."""
    if reason := plain(spec):
        return reason
    if spec.norm == "none":
        return N_("Without normalisation there is no scale that could start at zero.")
    if not ORDERINGS[spec.ordering].adds_right_after_norm:
        return N_("In this order no normalisation stands right before the addition.")
    return ""
