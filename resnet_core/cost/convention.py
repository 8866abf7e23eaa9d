"""What counts as an operation: the choice behind every "FLOPs" figure, made visible.

There is no one convention. Papers count multiply-adds and call them FLOPs (arXiv:1512.03385, Table 1); tools add
BatchNorm at two or four operations an element, pooling, activations, or none of them. A total therefore names its
classes and what a multiply-add counts for.
"""

from collections.abc import Collection
from typing import NamedTuple

from resnet_core.cost.ledger import Kind, Ledger, Row
from resnet_core.errors import N_


class OperationClass(NamedTuple):
    """Operations that a reader counts or leaves out together. ``title`` and ``rule`` are message ids."""

    title: str
    kinds: tuple[Kind, ...]
    rule: str


CLASSES: dict[str, OperationClass] = {
    "weights": OperationClass(
        N_("convolutions and fully-connected"), ("conv", "fc"), N_("each multiply-add as one (MACs) or as two (FLOPs)")
    ),
    "bias": OperationClass(N_("biases"), ("bias",), N_("one addition for each output")),
    "norm": OperationClass(
        N_("BatchNorm"), ("bn",), N_("a multiplication and an addition for each element, the statistics being fixed")
    ),
    "relu": OperationClass(N_("ReLU"), ("relu",), N_("one comparison for each element")),
    "pool": OperationClass(
        N_("pooling"), ("maxpool", "avgpool"),
        N_("k*k - 1 comparisons for each maximum; one operation for each element of an average"),
    ),
    "add": OperationClass(N_("residual additions"), ("add",), N_("one addition for each element")),
    "shortcut": OperationClass(
        N_("gates and scales"), ("sigmoid", "multiply", "scale", "dropout"),
        N_("four operations for a sigmoid, one for a product, one more for 1 - g; none for dropout at inference"),
    ),
}  # fmt: skip
_PER_ELEMENT: dict[Kind, int] = {
    "bias": 1, "bn": 2, "relu": 1, "avgpool": 1, "add": 1, "sigmoid": 4, "multiply": 1, "scale": 1,
}  # fmt: skip


class Convention(NamedTuple):
    """``multiply_add``: 1 counts MACs, 2 counts FLOPs. ``classes``: names of :data:`CLASSES` that are counted."""

    multiply_add: int = 1
    classes: frozenset[str] = frozenset({"weights"})

    def of(self, row: Row) -> int:
        """What a row counts for."""
        if not any(row.kind in CLASSES[name].kinds for name in self.classes):
            return 0
        if row.macs:
            return self.multiply_add * row.macs
        if row.kind == "maxpool":
            return int(row.elements * (row.layer.kernel**2 - 1))
        complement = row.kind == "multiply" and row.layer.part == "shortcut"  # the product with 1 - g
        return row.elements * (_PER_ELEMENT.get(row.kind, 0) + complement)

    def formula(self, row: Row) -> str:
        """What a row counts for, with its numbers in: ``2 * 802,816 = 1,605,632``; empty where it counts nothing."""
        counted, basis = self.of(row), row.macs or row.elements
        return f"{counted // basis} * {basis:,} = {counted:,}" if counted else ""

    def total(self, ledger: Ledger) -> int:
        """What the network counts for, one image."""
        return sum(self.of(row) for row in ledger.rows)


def elements(ledger: Ledger, kinds: Collection[Kind]) -> int:
    """The elements that the operations of some kinds work on, together."""
    return sum(row.elements for row in ledger.rows if row.kind in kinds)
