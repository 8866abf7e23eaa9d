"""What listens to the units of a network: attached while open, gone without a trace afterwards."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from torch.utils.hooks import RemovableHandle

from resnet_core.model.network import ResNet


class Hooks(ABC):
    """A context that holds hooks on ``model.units``; which, :meth:`attached` says."""

    def __init__(self, model: ResNet) -> None:
        self._units = model.units
        self._handles: list[RemovableHandle] = []

    @abstractmethod
    def attached(self) -> list[RemovableHandle]:
        """Attach the hooks."""

    def __enter__(self) -> Self:
        self._handles = self.attached()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
