"""Where a step can be held: at each unit, on the way forward and on the way back.

A step of a deep network takes a good part of a second on a processor; who presses Pause waits for a unit only.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from resnet_core.model.network import ResNet
from resnet_core.train.hooks import Hooks

Hold = Callable[[], float]


def never() -> float:
    """Nobody holds this training."""
    return 0.0


class Breaks(Hooks):
    """While open, calls ``look`` whenever a unit is reached. It may take its time; it changes nothing."""

    def __init__(self, model: ResNet, look: Callable[[], None]) -> None:
        super().__init__(model)
        self._look = look

    def attached(self) -> list[RemovableHandle]:
        """One on the way to each unit, which adds another on the way back."""
        return [unit.register_forward_pre_hook(self._before) for unit in self._units]

    def _before(self, _unit: nn.Module, args: tuple[Tensor, ...]) -> None:
        self._look()
        if args[0].requires_grad:  # not in a test
            args[0].register_hook(self._on_the_way_back)  # type: ignore[no-untyped-call]

    def _on_the_way_back(self, _gradient: Tensor) -> None:
        self._look()
