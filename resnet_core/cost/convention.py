"""What counts as an operation: the choice behind every "FLOPs" figure, made visible.

There is no one convention. Papers count multiply-adds and call them FLOPs (arXiv:1512.03385, Table 1); tools add
BatchNorm at two or four operations an element, pooling, activations, or none of them. A total therefore names its
classes and what a multiply-add counts for.
"""

from collections.abc import Collection
from typing import NamedTuple

from resnet_core.cost.ledger import Kind, Ledger, Row
from resnet_core.errors import N_
from resnet_core.operators import OPERATORS, OperationClass


class OperationClassWords(NamedTuple):
    """How a class is called, and what it counts; both are message ids."""

    title: str
    rule: str


CLASSES: dict[OperationClass, OperationClassWords] = {
    "weights": OperationClassWords(
        N_("convolutions and fully-connected"), N_("each multiply-add as one (MACs) or as two (FLOPs)")
    ),
    "bias": OperationClassWords(N_("biases"), N_("one addition for each output")),
    "norm": OperationClassWords(
        N_("normalisation"),
        N_("BatchNorm: a multiplication and an addition for each element, the statistics being fixed; GroupNorm: five, "
           "for it measures them anew"),
    ),
    "relu": OperationClassWords(N_("ReLU"), N_("one comparison for each element")),
    "pool": OperationClassWords(
        N_("pooling"), N_("k*k - 1 comparisons for each maximum; one operation for each element of an average")
    ),
    "add": OperationClassWords(N_("residual additions"), N_("one addition for each element")),
    "shortcut": OperationClassWords(
        N_("gates and scales"),
        N_("four operations for a sigmoid, one for a product, one more for 1 - g; none for dropout at inference"),
    ),
}  # fmt: skip


class Convention(NamedTuple):
    """``multiply_add``: 1 counts MACs, 2 counts FLOPs. ``classes``: names of :data:`CLASSES` that are counted."""

    multiply_add: int = 1
    classes: frozenset[OperationClass] = frozenset({"weights"})

    def of(self, row: Row) -> int:
        """What a row counts for."""
        if class_of(row) not in self.classes:
            return 0
        if row.macs:
            return self.multiply_add * row.macs
        return row.elements if row.kind == "bias" else row.elements * OPERATORS[row.layer.op].price(row.layer)

    def formula(self, row: Row) -> str:
        """What a row counts for, with its numbers in: ``2 * 802,816 = 1,605,632``; empty where it counts nothing."""
        counted, basis = self.of(row), row.macs or row.elements
        return f"{counted // basis} * {basis:,} = {counted:,}" if counted else ""

    def total(self, ledger: Ledger) -> int:
        """What the network counts for, one image."""
        return sum(self.of(row) for row in ledger.rows)


def class_of(row: Row) -> OperationClass:
    """The class that counts a row."""
    return "bias" if row.kind == "bias" else OPERATORS[row.layer.op].group


def elements(ledger: Ledger, kinds: Collection[Kind]) -> int:
    """The elements that the operations of some kinds work on, together."""
    return sum(row.elements for row in ledger.rows if row.kind in kinds)
