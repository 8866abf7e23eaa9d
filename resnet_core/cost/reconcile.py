"""Other tools' totals, closed to the integer against the ledger.

Each tool counts some classes of operations by a rule of its own. The rule is written down here as a sum over the
ledger's rows, so that ``total - explained`` is the remainder: 0, or something that this page does not understand.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from resnet_core.cost.convention import elements
from resnet_core.cost.ledger import Ledger
from resnet_core.cost.witnesses import ToolCount
from resnet_core.errors import N_
from resnet_core.layer import size
from resnet_core.operators import OPERATORS


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


def _weights(ledger: Ledger, multiply_add: int) -> Term:
    meaning = N_("multiply-adds, each as one") if multiply_add == 1 else N_("multiply-adds, each as two")
    return Term(meaning, multiply_add * ledger.macs)


def _by_operator(ledger: Ledger, tool: str) -> Iterator[Term]:
    """What the tool adds for single operators, as their rows of the table say, summed by meaning."""
    amounts: dict[str, int] = {}
    for row in ledger.rows:
        counted = OPERATORS[row.layer.op].tools.get(tool)
        if counted is not None and row.kind != "bias":
            of = {"input elements": size(row.layer.in_shape), "params": row.params}[counted.of]
            amounts[counted.meaning] = amounts.get(counted.meaning, 0) + counted.factor * of
    return (Term(meaning, amount) for meaning, amount in amounts.items())


def _fvcore(ledger: Ledger) -> tuple[Term, ...]:
    return _weights(ledger, 1), *_by_operator(ledger, "fvcore")


def _torchinfo(ledger: Ledger) -> tuple[Term, ...]:
    biases = Term(N_("biases, one for each output"), elements(ledger, {"bias"}))
    return _weights(ledger, 1), *_by_operator(ledger, "torchinfo"), biases


def _torch(ledger: Ledger) -> tuple[Term, ...]:
    return (_weights(ledger, 2),)


RULES: dict[str, Rule] = {
    "fvcore": Rule(_fvcore, N_("biases, ReLU, max-pool, additions, padding, scales, sigmoids and products")),
    "torchinfo": Rule(
        _torchinfo,
        N_("a normalisation's work on each element, ReLU, pooling, additions, padding, sigmoids and products"),
    ),
    "torch": Rule(_torch, N_("everything but convolutions and matrix products")),
}


def reconcile(ledger: Ledger, told: ToolCount) -> Reconciled:
    """One tool's total against the ledger of the same network."""
    rule = RULES[told.tool]
    return Reconciled(told.tool, told.total, rule.terms(ledger), rule.leaves_out)
