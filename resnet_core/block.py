"""What a block is made of: one function for each idea of the papers. Specification in, body out; no torch.

A new field that changes a block is a row in :mod:`resnet_core.spec` and a function here.
"""

from typing import NamedTuple

from resnet_core.body import Body, Writer, activate, normalise
from resnet_core.depths import CONVS_IN_BLOCK
from resnet_core.layer import Shape
from resnet_core.orderings import Ordering
from resnet_core.spec import ArchSpec

SQUEEZE = 16  # the channels of a squeeze-and-excitation over those between: arXiv:1709.01507, section 3.4
SQUEEZED_IN = 8  # steps in which the channels between come, and the fewest


class _Conv(NamedTuple):
    channels: int
    kernel: int
    stride: int
    groups: int


def _convolutions(spec: ArchSpec, stage: int, stride: int) -> tuple[_Conv, ...]:
    """The weight layers of a block's branch (2015 paper, Figure 5; groups: arXiv:1611.05431, Figure 3c)."""
    inner, out = spec.branch_width(stage - 1), spec.channels(stage - 1)
    if spec.block == "basic":
        return (_Conv(inner, 3, stride, 1), _Conv(out, 3, 1, 1))
    on_1x1, on_3x3 = (stride, 1) if spec.stride_on == "1x1" else (1, stride)
    return (_Conv(inner, 1, on_1x1, 1), _Conv(inner, 3, on_3x3, spec.groups), _Conv(out, 1, 1, 1))


def block_body(
    spec: ArchSpec, order: Ordering, stage: int, first: bool, residual: bool, stays: float, shape: Shape
) -> Body:
    """One block. ``first``: of its stage; ``residual``: with a shortcut; ``stays``: the chance that its branch does."""
    stride = 2 if stage > 1 and first else 1
    out_channels = spec.channels(stage - 1)
    reshapes = stride != 1 or shape[0] != out_channels
    block = Writer(shape)

    activated = stage == 1 and first  # by the stem
    shared = order.leading if reshapes and not activated and residual else ()
    activate(block, shared, 1, "entry", spec)
    fork = block.at
    left_out = len(order.leading) if shared or activated else 0

    for number, conv in enumerate(_convolutions(spec, stage, stride), start=1):
        last = number == CONVS_IN_BLOCK[spec.block]
        tokens = order.before_addition if last else order.each
        for token in tokens[left_out if number == 1 else 0 :]:
            if token == "conv":
                if last and spec.drops_within_branch:
                    block.put("branch_dropout", "dropout", "branch", value=spec.branch_dropout)
                block.put(f"conv{number}", "conv", "branch", *conv[:3], padding=conv.kernel // 2, groups=conv.groups)
            else:
                activate(block, (token,), number, "branch", spec)
    if spec.attention == "se":
        _squeeze_and_excite(block)
    if residual:
        _add_shortcut(block, spec, order, fork, stays, out_channels, stride, reshapes)
    activate(block, order.after_addition, CONVS_IN_BLOCK[spec.block], "exit", spec)
    return block.done()


def _add_shortcut(
    block: Writer, spec: ArchSpec, order: Ordering, fork: str, stays: float, channels: int, stride: int, reshapes: bool
) -> None:
    """What the residual sum does to the branch, the shortcut beside it, and the sum."""
    if spec.residual_scale is not None:  # arXiv:2002.10444, arXiv:2003.04887
        block.put("alpha", "learned_scale", "branch", value=spec.residual_scale)
    if stays < 1:
        block.put("stochastic_depth", "stochastic_depth", "branch", value=stays)
    kind = "identity" if reshapes else spec.shortcut_where_shapes_stay
    if kind == "constant_scaling":
        block.put("branch_scale", "scale", "branch", value=spec.branch_scale)
    branch = block.at
    gated = kind in ("exclusive_gating", "shortcut_only_gating")
    if gated:  # 2016 paper, section 3.1: g(x) F(x) + (1 - g(x)) x, or without the first g
        block.put("gate", "conv", "gate", block.shapes[fork][0], bias=True, value=spec.gate_bias, reads=(fork,))
        block.put("sigmoid", "sigmoid", "gate")
    if kind == "exclusive_gating":
        block.put("branch_product", "multiply", "branch", reads=("sigmoid", branch))
        branch = block.at
    block.at = fork
    if gated:
        block.put("shortcut_product", "carry", "shortcut", reads=("sigmoid", fork))
    else:
        _shortcut(block, spec, order, kind, channels, stride, reshapes)
    block.put("add", "add", "add", reads=(branch, block.at))


def _shortcut(
    block: Writer, spec: ArchSpec, order: Ordering, kind: str, channels: int, stride: int, reshapes: bool
) -> None:
    """Where the shape changes: options A, B and C of the 2015 paper, sections 3.3 and 4.1, and D of arXiv:1812.01187,
    Figure 2c. Where it stays: Figure 2 of the 2016 paper, whose identity has no layer.

    A projection is normalised exactly if the branch's last convolution is: so it is in the original unit, and bare in
    the full pre-activation unit, as in the authors' networks.
    """
    if kind == "constant_scaling":
        block.put("shortcut_scale", "scale", "shortcut", value=spec.shortcut_scale)
    elif kind == "dropout":
        block.put("dropout", "dropout", "shortcut", value=spec.dropout_rate)
    elif kind == "conv1x1" or spec.projection == "C" or (spec.projection in "BD" and reshapes):
        place = 0
        if spec.projection == "D" and reshapes:
            if stride > 1:
                block.put("downsample.0", "meanpool", "shortcut", kernel=stride, stride=stride)
            place, stride = 1, 1
        block.put(f"downsample.{place}", "conv", "shortcut", channels, stride=stride)
        if order.branch_ends_with_norm:
            normalise(block, f"downsample.{place + 1}", "shortcut", spec)
    elif reshapes:
        block.put("downsample", "pad", "shortcut", channels, stride=stride)


def _squeeze_and_excite(block: Writer) -> None:
    """Hu et al. 2018, arXiv:1709.01507, Figure 3: each channel times a weight that the means of all channels decide.

    The two layers between are 1x1 convolutions with a bias on a map of one pixel, which is what fully-connected is.
    """
    branch, channels = block.at, block.shape[0]
    between = max(SQUEEZED_IN, (channels // SQUEEZE + SQUEEZED_IN // 2) // SQUEEZED_IN * SQUEEZED_IN)
    block.put("se.0", "avgpool", "attention")
    block.put("se.1", "conv", "attention", between, bias=True)
    block.put("se.2", "relu", "attention")
    block.put("se.3", "conv", "attention", channels, bias=True)
    block.put("se.4", "sigmoid", "attention")
    block.put("se_product", "multiply", "attention", reads=(branch, block.at))
