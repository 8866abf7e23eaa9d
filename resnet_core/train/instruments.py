"""What is measured on a network while it trains, without changing a number of the training.

What the papers say of gradients at each unit stands in :mod:`resnet_core.probe.gradients`, which measures a first step.
"""

import math
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from resnet_core.model.network import ResNet
from resnet_core.train.hooks import Listener, attach, detach
from resnet_core.train.moves import SHORT, Moves, exact


class GradientNorms(Listener):
    """While open, notes the gradient of the loss with respect to the input of each of ``model.units``.

    After a backward pass, :meth:`norms` gives one L2 norm per unit, over the whole ``(N, C, H, W)`` gradient, that of
    the branch and that of the shortcut together.
    """

    def __init__(self, model: ResNet) -> None:
        super().__init__(model)
        self._norms: list[Tensor | float | None] = [None] * len(model.units)

    def returning(self, unit: int, gradient: Tensor) -> None:
        """Note the norm."""
        self._norms[unit] = _l2(_flat(gradient))

    def norms(self) -> tuple[float, ...]:
        """One norm per unit, from the first to the last, of the latest backward pass."""
        return tuple(self.noted().tolist())  # one transfer from the device, whatever the depth

    def noted(self) -> Tensor:
        """The same norms ``(units,)``, still on the device. They are handed out once: then the next pass is due."""
        norms, self._norms = self._norms, [None] * len(self._norms)
        return _together(norms)


class Outputs(Listener):
    """While open, notes the sum and the L2 norm of what each unit puts out in training mode."""

    def __init__(self, model: ResNet) -> None:
        super().__init__(model)
        units = len(model.units)
        self._counts = [0] * units
        self._sums: list[Tensor] = [torch.zeros(())] * units
        self._norms: list[Tensor | float | None] = [None] * units

    def leaving(self, unit: int, y: Tensor) -> None:
        """Note both."""
        seen = _flat(y.detach())
        self._counts[unit] = seen.numel()
        self._norms[unit] = _l2(seen)
        self._sums[unit] = seen.sum(dtype=torch.float32)  # torch adds in pairs: no digit is lost

    def noted(self) -> Tensor:
        """Sums, then norms, ``(2 * units,)``, still on the device."""
        norms, self._norms = _together(self._norms), [None] * len(self._norms)
        return torch.cat([torch.stack(self._sums).to(norms.dtype), norms])

    def means_and_stds(self, noted: list[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Of each unit's output over the whole ``(N, C, H, W)``, from the numbers of :meth:`noted`.

        The variance is the mean of the squares less the square of the mean, to about 1e-7 of the former: a deviation
        is good to a thousandth as long as it is above a fiftieth of the mean. torch.var_mean takes ten times as long
        on a CPU.
        """
        units = len(self._counts)
        means = [total / count for total, count in zip(noted[:units], self._counts, strict=True)]
        squares = [norm**2 / count for norm, count in zip(noted[units:], self._counts, strict=True)]
        return tuple(means), tuple(
            math.sqrt(max(0.0, square - mean**2)) if math.isfinite(square) else math.nan
            for square, mean in zip(squares, means, strict=True)
        )


class Values(NamedTuple):
    """What the instruments read in one step. ``by_unit``: the signals of a step's record, by the names of its fields.
    ``finite``: whether loss, gradients and moves all are."""

    loss: float
    accuracy: float
    by_unit: dict[str, Any]
    finite: bool


class Instruments:
    """All of them on one model, open as long as it trains; one transfer from the device a step.

    ``others`` listen beside them, at no hook of their own.
    """

    def __init__(self, model: ResNet, *others: Listener) -> None:
        self._model, self._others, self._units = model, others, len(model.units)
        self._gradients, self._outputs, self._moves = GradientNorms(model), Outputs(model), Moves(model)
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        self._handles = attach(self._model, (*self._others, self._gradients, self._outputs))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        detach(self._handles)

    @property
    def weights_before(self) -> Tensor:
        """All weights before the latest step, in the order of :func:`weight_views`."""
        return self._moves.before

    def noted(self, loss: Tensor, accuracy: Tensor) -> Tensor:
        """All numbers of a step that has just been taken, in one tensor on the device."""
        kind = exact(loss)
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


def _together(norms: Sequence[Tensor | float | None]) -> Tensor:
    """The norms of a step, one a unit, in one tensor where they are: the GPU, or the CPU."""
    taken = [norm for norm in norms if norm is not None]
    if len(taken) < len(norms):
        raise RuntimeError("norms need a forward and a backward pass inside the context")
    there = [norm for norm in taken if isinstance(norm, Tensor)]
    return torch.stack(there) if there else torch.tensor(taken, dtype=torch.float64)


def _l2(values: Tensor) -> Tensor | float:
    """The L2 norm of ``(N, C, H, W)`` as :func:`_flat` hands it out, to about 1e-6 of itself: on a GPU still there.

    One float32 sum over many squares is off by 1e-3, and squares beyond float32's range vanish, as those of the
    gradient of a deep network without normalisation do (1e-25). A float64 sum has neither fault and takes three to
    twenty times as long on a CPU, so there it stands in only where float32 cannot do. A short tensor is one dot product
    of the linear algebra library, which adds in many lanes at once: off by 1e-6, and by 5e-5 at the very worst, where
    all values are equal and every rounding goes the same way. Of a long one there is first one sum an image, then the
    sum of those, which Python takes faster than two more calls of torch would.
    """
    if values.is_cpu:
        norm = _l2_in_float32(values)
        return norm if 1e-12 < norm < 1e12 else torch.linalg.vector_norm(values, dtype=torch.float64).item()
    if not values.is_cuda:  # Apple's sums take few values at a time, and no float64
        values = torch.linalg.vector_norm(values, dim=(1, 2, 3), dtype=torch.float32)
    whole: Tensor = torch.linalg.vector_norm(values, dtype=exact(values))
    return whole


def _l2_in_float32(values: Tensor) -> float:
    if values.dim() == 1:
        return math.sqrt(torch.dot(values, values).item())
    images: list[float] = torch.linalg.vector_norm(values, dim=(1, 2, 3), dtype=torch.float32).tolist()
    return math.hypot(*images)


def _flat(values: Tensor) -> Tensor:
    """What is short, float32 and on a CPU as ``(numel,)`` in the order of its memory, all else as it is."""
    size = values.numel()
    if size > SHORT or not values.is_cpu or values.dtype is not torch.float32:
        return values
    dense = values.is_contiguous() or values.is_contiguous(memory_format=torch.channels_last)  # no gap in its memory
    return values.as_strided((size,), (1,)) if dense else values
