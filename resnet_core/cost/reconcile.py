"""Other tools' totals, closed to the integer against the ledger.

Each tool counts some classes of operations by a rule of its own. The rule is written down here as a sum over the
ledger's rows, so that ``total - explained`` is the remainder: 0, or something that this page does not understand.
"""

from collections.abc import Callable
from typing import NamedTuple

from resnet_core.cost.convention import elements
from resnet_core.cost.ledger import Ledger
from resnet_core.cost.witnesses import ToolCount
from resnet_core.errors import N_


class Term(NamedTuple):
    """One summand of a tool's total; ``meaning`` is a message id."""

    meaning: str
    amount: int


class Reconciled(NamedTuple):
    """A tool's total, the terms that explain it, and what is left: 0 where every operation is accounted for."""

    tool: str
    total: int
    terms: tuple[Term, ...]
    leaves_out: str  # a message id

    @property
    def explained(self) -> int:
        """The sum of the terms."""
        return sum(term.amount for term in self.terms)

    @property
    def remainder(self) -> int:
        """The total less what is explained."""
        return self.total - self.explained


class Rule(NamedTuple):
    """How a tool arrives at its total."""

    terms: Callable[[Ledger], tuple[Term, ...]]
    leaves_out: str


def _fvcore(ledger: Ledger) -> tuple[Term, ...]:
    return (
        Term(N_("multiply-adds, each as one"), ledger.macs),
        Term(N_("BatchNorm, two for each element"), 2 * elements(ledger, {"bn"})),
        Term(N_("average pool, one for each element"), elements(ledger, {"avgpool"})),
    )


def _torchinfo(ledger: Ledger) -> tuple[Term, ...]:
    return (
        Term(N_("multiply-adds, each as one"), ledger.macs),
        Term(
            N_("each parameter of a BatchNorm once, whatever the map"),
            sum(row.params for row in ledger.rows if row.kind == "bn"),
        ),
        Term(N_("biases, one for each output"), elements(ledger, {"bias"})),
    )


def _torch(ledger: Ledger) -> tuple[Term, ...]:
    return (Term(N_("multiply-adds, each as two"), 2 * ledger.macs),)


RULES: dict[str, Rule] = {
    "fvcore": Rule(_fvcore, N_("biases, ReLU, max-pool, additions, padding, scales and the products of gates")),
    "torchinfo": Rule(
        _torchinfo,
        N_("BatchNorm's work on each element, ReLU, pooling, additions, padding, scales and the products of gates"),
    ),
    "torch": Rule(_torch, N_("everything but convolutions and matrix products")),
}


def reconcile(ledger: Ledger, told: ToolCount) -> Reconciled:
    """One tool's total against the ledger of the same network."""
    rule = RULES[told.tool]
    return Reconciled(told.tool, told.total, rule.terms(ledger), rule.leaves_out)
