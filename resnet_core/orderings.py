"""The five orders of BatchNorm, ReLU and addition: arXiv:1603.05027, Figure 4 and Table 2.

Each row spells one block as the paper draws it, top to bottom. ``each`` stands around every weight layer but the
last, ``last`` around the last one; ``+`` is where the shortcut joins. A plain network reads its row without the ``+``.
"""

from typing import NamedTuple


class Ordering(NamedTuple):
    """One column of Figure 4. ``head`` is what follows the last block (section 4.1 and the paper's appendix)."""

    figure: str
    each: tuple[str, ...]
    last: tuple[str, ...]
    head: tuple[str, ...] = ()

    @property
    def leading(self) -> tuple[str, ...]:
        """The pre-activation: what stands before the first convolution of a block."""
        return self.each[: self.each.index("conv")]

    @property
    def before_addition(self) -> tuple[str, ...]:
        """What stands around the last weight layer up to the addition."""
        return self.last[: self.last.index("+")]

    @property
    def after_addition(self) -> tuple[str, ...]:
        """What the sum goes through."""
        return self.last[self.last.index("+") + 1 :]

    @property
    def adds_right_after_norm(self) -> bool:
        """Whether nothing stands between a BatchNorm and the addition."""
        return self.before_addition[-1] == "bn"

    @property
    def branch_ends_with_norm(self) -> bool:
        """Whether BatchNorm follows the last convolution before the addition."""
        return "bn" in self.before_addition[self.before_addition.index("conv") :]


def _row(figure: str, each: str, last: str, head: str = "") -> Ordering:
    return Ordering(figure, tuple(each.split()), tuple(last.split()), tuple(head.split()))


ORDERINGS = {
    "original": _row("4(a)", "conv bn relu", "conv bn + relu"),
    "bn_after_addition": _row("4(b)", "conv bn relu", "conv + bn relu"),
    "relu_before_addition": _row("4(c)", "conv bn relu", "conv bn relu +"),
    "relu_only_preact": _row("4(d)", "relu conv bn", "relu conv bn +", head="relu"),
    "full_preact": _row("4(e)", "bn relu conv", "bn relu conv +", head="bn relu"),
}
