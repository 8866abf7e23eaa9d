"""What is measured on a network while it trains, without changing a number of the training.

He et al. 2016, arXiv:1603.05027, equation 5: with identity shortcuts, ``dE/dx_l = dE/dx_L (1 + d/dx_l sum F)``, so the
gradient reaches any unit ``l`` directly, through the term 1. He et al. 2015, arXiv:1512.03385, section 4.1, verified
that the gradients of plain networks with BatchNorm do not vanish in their norms; here the norms are measured.
"""

import math
import sys
from collections import deque
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from resnet_core.model.network import ResNet
from resnet_core.train.hooks import Hooks

PIECE = 2**14


class GradientNorms(Hooks):
    """While open, notes the gradient of the loss with respect to the input of each of ``model.units``.

    After a backward pass, :meth:`norms` gives one L2 norm per unit, over the whole ``(N, C, H, W)`` gradient. The
    hooks sit on tensors, not on modules, so they see the sum of both paths, the branch's and the shortcut's.
    """

    def __init__(self, model: ResNet) -> None:
        super().__init__(model)
        self._norms: list[Tensor | float | None] = [None] * len(self._units)

    def attached(self) -> list[RemovableHandle]:
        """One before each unit, which adds another to the tensor that goes in."""
        return [unit.register_forward_pre_hook(self._watch(i)) for i, unit in enumerate(self._units)]

    def norms(self) -> tuple[float, ...]:
        """One norm per unit, from the first to the last, of the latest backward pass."""
        return tuple(self.noted().tolist())  # one transfer from the device, whatever the depth

    def noted(self) -> Tensor:
        """The same norms ``(units,)``, still on the device."""
        return _together(self._norms)

    def _watch(self, index: int) -> Any:
        def note(gradient: Tensor) -> None:
            self._norms[index] = _l2(gradient)

        def before(_unit: nn.Module, args: tuple[Tensor, ...]) -> None:
            if args[0].requires_grad:  # not in a test
                self._norms[index] = None
                args[0].register_hook(note)  # type: ignore[no-untyped-call]

        return before


class Outputs(Hooks):
    """While open, notes the sum and the L2 norm of what each unit puts out in training mode."""

    def __init__(self, model: ResNet) -> None:
        super().__init__(model)
        self._counts = [0] * len(self._units)
        self._sums: list[Tensor] = [torch.zeros(())] * len(self._units)
        self._norms: list[Tensor | float | None] = [None] * len(self._units)

    def attached(self) -> list[RemovableHandle]:
        """One behind each unit."""
        return [unit.register_forward_hook(self._watch(i)) for i, unit in enumerate(self._units)]

    def noted(self) -> Tensor:
        """Sums, then norms, ``(2 * units,)``, still on the device."""
        norms = _together(self._norms)
        return torch.cat([torch.stack(self._sums).to(norms.dtype), norms])

    def means_and_stds(self, noted: list[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Of each unit's output over the whole ``(N, C, H, W)``, from the numbers of :meth:`noted`.

        The variance is the mean of the squares less the square of the mean, to about 1e-7 of the former: a deviation
        is good to a thousandth as long as it is above a fiftieth of the mean. torch.var_mean takes ten times as long
        on a CPU.
        """
        units = len(self._units)
        means = [total / count for total, count in zip(noted[:units], self._counts, strict=True)]
        squares = [norm**2 / count for norm, count in zip(noted[units:], self._counts, strict=True)]
        return tuple(means), tuple(
            math.sqrt(max(0.0, square - mean**2)) if math.isfinite(square) else math.nan
            for square, mean in zip(squares, means, strict=True)
        )

    def _watch(self, index: int) -> Any:
        def after(unit: nn.Module, _args: tuple[Tensor, ...], output: Tensor) -> None:
            if unit.training:
                seen = output.detach()
                self._counts[index] = seen.numel()
                self._norms[index] = _l2(seen)
                self._sums[index] = seen.sum(dtype=torch.float32)  # torch adds in pairs: no digit is lost

        return after


class _Pieces(NamedTuple):
    """All weights in one tensor, and views of its parts."""

    whole: Tensor
    pieces: tuple[Tensor, ...]


class Moves:
    """How far each step moves the weights of each unit.

    A copy of all weights lies in one tensor, one after the other, as they were before the step, so that a step costs
    one more copy and no call a layer. What stands before the first unit and after the last one (stem
    and classifier) is measured too, so that nothing that moves goes unseen.
    """

    def __init__(self, model: ResNet) -> None:
        self._views = weight_views(model)
        units = {unit: place for place, unit in enumerate(model.unit_names)}
        owners = (units.get(".".join(name.split(".")[:2]), -1) for name, _ in model.named_parameters())
        self._owners: list[int] = []
        self._sizes: list[int] = []
        # Neighbouring parameters of one owner (the stem, a unit, the classifier) are measured as one piece; on a CPU
        # cut short, for there a float32 sum of very many squares is off.
        longest = PIECE if self._views[0].device.type == "cpu" else sys.maxsize
        for owner, parameters in groupby(zip(owners, self._views, strict=True), key=itemgetter(0)):
            size = sum(len(view) for _, view in parameters)
            pieces = [min(longest, size - start) for start in range(0, size, longest)]
            self._owners += [owner] * len(pieces)
            self._sizes += pieces
        self._units = len(units)
        # Three, for on a GPU the weights before a step are still asked for when the next one has been launched.
        self._copies = deque(self._cut(torch.cat(self._views)) for _ in range(3))
        self._move = self._cut(torch.empty_like(self.before))
        self._norms = self._measure(self._copies[1])

    @property
    def before(self) -> Tensor:
        """All weights before the latest step; good until the step after the next."""
        return self._copies[1].whole

    def noted(self) -> Tensor:
        """Norms of the latest move, then of the weights before it; to be called once after each step."""
        self._copies.rotate()
        after = self._copies[0]
        torch.cat(self._views, out=after.whole)
        torch.sub(after.whole, self.before, out=self._move.whole)
        weights, self._norms = self._norms, self._measure(after)
        return torch.cat([self._measure(self._move), weights])

    def ratios(self, noted: list[float]) -> tuple[float, ...]:
        """``|after - before| / |before|`` for each unit, from the numbers of :meth:`noted`."""
        pieces = len(self._owners)
        moved, weights = [0.0] * (self._units + 1), [0.0] * (self._units + 1)
        for owner, move, weight in zip(self._owners, noted[:pieces], noted[pieces:], strict=True):
            moved[owner] += move**2
            weights[owner] += weight**2
        return tuple(math.sqrt(a / b) if b else math.nan for a, b in zip(moved[:-1], weights[:-1], strict=True))

    def _cut(self, weights: Tensor) -> _Pieces:
        return _Pieces(weights, torch.split(weights, self._sizes))

    def _measure(self, weights: _Pieces) -> Tensor:
        return torch.stack(torch._foreach_norm(weights.pieces)).to(_exact(weights.whole))


def weight_views(model: nn.Module) -> list[Tensor]:
    """Each parameter as a flat view ``(numel,)`` in the order of its memory, whatever its memory format."""
    return [parameter.detach().as_strided((parameter.numel(),), (1,)) for parameter in model.parameters()]


class Values(NamedTuple):
    """What the instruments read in one step. ``by_unit``: the signals of a step's record, by the names of its fields.
    ``finite``: whether loss, gradients and moves all are."""

    loss: float
    accuracy: float
    by_unit: dict[str, Any]
    finite: bool


class Instruments:
    """All of them on one model, open as long as it trains; one transfer from the device a step."""

    def __init__(self, model: ResNet) -> None:
        self._units = len(model.units)
        self._gradients, self._outputs, self._moves = GradientNorms(model), Outputs(model), Moves(model)

    def __enter__(self) -> Self:
        self._gradients.__enter__()
        self._outputs.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._outputs.__exit__(kind, error, traceback)
        self._gradients.__exit__(kind, error, traceback)

    @property
    def weights_before(self) -> Tensor:
        """All weights before the latest step, in the order of :func:`weight_views`."""
        return self._moves.before

    def noted(self, loss: Tensor, accuracy: Tensor) -> Tensor:
        """All numbers of a step that has just been taken, in one tensor on the device."""
        kind = _exact(loss)
        return torch.cat(
            [
                torch.stack([loss.detach().to(kind), accuracy.to(kind)]),
                self._gradients.noted(),
                self._outputs.noted(),
                self._moves.noted(),
            ]
        )

    def read(self, noted: list[float]) -> Values:
        """The same numbers under their names."""
        loss, accuracy, *rest = noted
        norms, outputs, moves = rest[: self._units], rest[self._units : 3 * self._units], rest[3 * self._units :]
        finite = math.isfinite(loss) and all(map(math.isfinite, norms)) and all(map(math.isfinite, moves))
        means, stds = self._outputs.means_and_stds(outputs)
        by_unit = {
            "gradient_norms": tuple(norms),
            "update_ratios": self._moves.ratios(moves),
            "activation_means": means,
            "activation_stds": stds,
        }
        return Values(loss, accuracy, by_unit, finite)


def _exact(tensor: Tensor) -> torch.dtype:
    """What sums are taken in: float64 but for MPS, which has none."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64


def _together(norms: Sequence[Tensor | float | None]) -> Tensor:
    """The norms of a step, one a unit, in one tensor where they are: the GPU, or the CPU."""
    taken = [norm for norm in norms if norm is not None]
    if len(taken) < len(norms):
        raise RuntimeError("norms need a forward and a backward pass inside the context")
    there = [norm for norm in taken if isinstance(norm, Tensor)]
    return torch.stack(there) if there else torch.tensor(taken, dtype=torch.float64)


def _l2(values: Tensor) -> Tensor | float:
    """The L2 norm of ``(N, C, H, W)``, to about 1e-6 of itself: on a GPU still there.

    One float32 sum over many squares is off by 1e-3, and squares beyond float32's range vanish, as those of the
    gradient of a deep network without normalisation do (1e-25). A float64 sum has neither fault and takes three to
    twenty times as long on a CPU, so there it stands in only where float32 cannot do: first one sum an image, then the
    sum of those, which Python takes faster than two more calls of torch would.
    """
    exact = _exact(values)
    if values.device.type == "cuda":
        whole: Tensor = torch.linalg.vector_norm(values, dtype=exact)
        return whole
    images: Tensor = torch.linalg.vector_norm(values, dim=(1, 2, 3), dtype=torch.float32)
    if values.device.type != "cpu":
        return torch.linalg.vector_norm(images, dtype=exact)  # type: ignore[no-any-return]
    norm = math.hypot(*images.tolist())
    if not 1e-12 < norm < 1e12:
        norm = torch.linalg.vector_norm(values, dtype=exact).item()
    return norm
