"""What listens to the units of a network: attached while open, gone without a trace afterwards.

A hook costs a step some microseconds at each unit before it has done anything, and there are three places to hook: so
whoever listens together (:func:`attach`) shares one hook a place.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from resnet_core.model.network import ResNet

Heard = Callable[[int, Tensor], None]


class Listener:
    """Hears of ``model.units`` by their place; a context in which it listens alone.

    A method that is not overridden is not called, and costs nothing.
    """

    def __init__(self, model: ResNet) -> None:
        self._model = model
        self._handles: list[RemovableHandle] = []

    def arriving(self, unit: int, x: Tensor) -> None:
        """A unit's input, on the way forward, also in a test."""

    def leaving(self, unit: int, y: Tensor) -> None:
        """A unit's output, in training mode."""

    def returning(self, unit: int, gradient: Tensor) -> None:
        """The gradient of the loss with respect to a unit's input: of both paths together, for it is heard at the
        tensor and not at the module."""

    def __enter__(self) -> Self:
        self._handles = attach(self._model, (self,))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        detach(self._handles)


def attach(model: ResNet, listeners: Sequence[Listener]) -> list[RemovableHandle]:
    """Let all of them listen, in their order, until :func:`detach`."""
    arriving, leaving, returning = (_heard(listeners, place) for place in ("arriving", "leaving", "returning"))
    handles = []
    for number, unit in enumerate(model.units):
        if arriving or returning:
            handles.append(unit.register_forward_pre_hook(_before(number, arriving, returning)))
        if leaving:
            handles.append(unit.register_forward_hook(_after(number, leaving)))
    return handles


def detach(handles: list[RemovableHandle]) -> None:
    """Take the hooks away."""
    while handles:
        handles.pop().remove()


def _heard(listeners: Sequence[Listener], name: str) -> list[Heard]:
    return [getattr(one, name) for one in listeners if getattr(type(one), name) is not getattr(Listener, name)]


def _before(number: int, arriving: list[Heard], returning: list[Heard]) -> Any:
    def back(gradient: Tensor) -> None:
        for hear in returning:
            hear(number, gradient)

    def before(_unit: nn.Module, args: tuple[Tensor, ...]) -> None:
        (x,) = args
        for hear in arriving:
            hear(number, x)
        if returning and x.requires_grad:  # not in a test
            x.register_hook(back)  # type: ignore[no-untyped-call]

    return before


def _after(number: int, leaving: list[Heard]) -> Any:
    def after(unit: nn.Module, _args: tuple[Tensor, ...], y: Tensor) -> None:
        if unit.training:
            for hear in leaving:
                hear(number, y)

    return after
