"""How far the weights move in a step, measured beside the optimiser, whichever that is."""

import math
import sys
from collections import deque
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import torch
from torch import Tensor, nn

from resnet_core.model.network import ResNet

SHORT = 2**17  # numbers whose squares one float32 dot product adds


class _Pieces(NamedTuple):
    """Numbers in one tensor, and views of its parts."""

    whole: Tensor
    pieces: tuple[Tensor, ...]


def _cut(numbers: Tensor, sizes: list[int]) -> _Pieces:
    return _Pieces(numbers, torch.split(numbers, sizes))


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
        sizes: list[int] = []
        # Neighbouring parameters of one owner (the stem, a unit, the classifier) are measured as one piece; on a CPU
        # cut short, for there a float32 sum of very many squares is off.
        self._on_cpu = self._views[0].device.type == "cpu"
        longest = SHORT if self._on_cpu else sys.maxsize
        for owner, parameters in groupby(zip(owners, self._views, strict=True), key=itemgetter(0)):
            size = sum(len(view) for _, view in parameters)
            pieces = [min(longest, size - start) for start in range(0, size, longest)]
            self._owners += [owner] * len(pieces)
            sizes += pieces
        self._units = len(units)
        # Three, for on a GPU the weights before a step are still asked for when the next one has been launched.
        self._copies = deque(_cut(torch.cat(self._views), sizes) for _ in range(3))
        # A processor finds one piece's move in its cache again; a GPU would rather be called once for all.
        length = max(sizes) if self._on_cpu else sum(sizes)
        move = torch.empty(length, device=self._views[0].device)
        self._move = _Pieces(move, tuple(move[:size] for size in sizes)) if self._on_cpu else _cut(move, sizes)
        self._weights = self._squares(self._copies[1].pieces)

    @property
    def before(self) -> Tensor:
        """All weights before the latest step; good until the step after the next."""
        return self._copies[1].whole

    def noted(self) -> Tensor:
        """Sums of squares, of the latest move and then of the weights before it; to be called once after each step."""
        self._copies.rotate()
        after, before = self._copies[0], self._copies[1]
        torch.cat(self._views, out=after.whole)
        if self._on_cpu:
            squares: list[Tensor] = []
            for new, old, move in zip(after.pieces, before.pieces, self._move.pieces, strict=True):
                torch.sub(new, old, out=move)
                squares += torch.dot(move, move), torch.dot(new, new)
            moved, weights = torch.stack(squares).double().view(-1, 2).unbind(1)
        else:
            torch.sub(after.whole, before.whole, out=self._move.whole)
            moved, weights = self._squares(self._move.pieces), self._squares(after.pieces)
        noted = torch.cat([moved, self._weights])
        self._weights = weights
        return noted

    def ratios(self, noted: list[float]) -> tuple[float, ...]:
        """``|after - before| / |before|`` for each unit, from the numbers of :meth:`noted`."""
        pieces = len(self._owners)
        moved, weights = [0.0] * (self._units + 1), [0.0] * (self._units + 1)
        for owner, move, weight in zip(self._owners, noted[:pieces], noted[pieces:], strict=True):
            moved[owner] += move
            weights[owner] += weight
        return tuple(math.sqrt(a / b) if b else math.nan for a, b in zip(moved[:-1], weights[:-1], strict=True))

    def _squares(self, pieces: tuple[Tensor, ...]) -> Tensor:
        """The sum of squares of each piece."""
        if self._on_cpu:
            return torch.stack([torch.dot(piece, piece) for piece in pieces]).double()
        return torch.stack(torch._foreach_norm(pieces)).to(exact(pieces[0])).square()


def weight_views(model: nn.Module) -> list[Tensor]:
    """Each parameter as a flat view ``(numel,)`` in the order of its memory, whatever its memory format."""
    return [parameter.detach().as_strided((parameter.numel(),), (1,)) for parameter in model.parameters()]


def exact(tensor: Tensor) -> torch.dtype:
    """What sums are taken in: float64 but for MPS, which has none."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64
