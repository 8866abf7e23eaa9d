"""Operators by name: what the tables and drawings say for the codes of the plan, which files for programs keep."""

from app.text.catalogue import Words
from resnet_core.cost.ledger import Kind
from resnet_core.errors import N_
from resnet_core.layer import Layer
from resnet_core.operators import OPERATORS


def operator_name(kind: Kind, words: Words, *, kernel: int = 0, groups: int = 1, stride: int = 1) -> str:
    """``convolution 3×3 /2, 32 groups``; the sizes are said of a convolution alone."""
    name = words(N_("bias") if kind == "bias" else OPERATORS[kind].title)
    if kind != "conv":
        return name
    name = f"{name} {kernel}×{kernel}" + (f" /{stride}" if stride > 1 else "")
    return words("{conv}, {groups} groups", conv=name, groups=groups) if groups > 1 else name


def layer_name(layer: Layer, words: Words, *, kind: Kind | None = None) -> str:
    """The operator of a layer, or of the part of it that a row of the ledger stands for."""
    return operator_name(kind or layer.op, words, kernel=layer.kernel, groups=layer.groups, stride=layer.stride)
