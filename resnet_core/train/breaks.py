"""Where a training can be held: before its first step, and at each unit on the way forward and on the way back.

A step of a deep network takes a good part of a second on a processor; who presses Pause waits for a unit only.
"""

from collections.abc import Callable

from torch import Tensor

from resnet_core.model.network import ResNet
from resnet_core.train.hooks import Listener

Hold = Callable[[], float]
Ready = Callable[[], None]


def never() -> float:
    """Nobody holds this training."""
    return 0.0


def at_once() -> None:
    """Nobody is waited for."""


class Breaks(Listener):
    """While open, calls ``look`` whenever a unit is reached. It may take its time; it changes nothing."""

    def __init__(self, model: ResNet, look: Callable[[], None]) -> None:
        super().__init__(model)
        self._look = look

    def arriving(self, unit: int, x: Tensor) -> None:  # noqa: ARG002 - wherever that is
        """On the way forward."""
        self._look()

    def returning(self, unit: int, gradient: Tensor) -> None:  # noqa: ARG002
        """On the way back."""
        self._look()
