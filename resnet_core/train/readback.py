"""A few numbers on their way from the device."""

import torch
from torch import Tensor


class Readback:
    """Begins to copy ``values`` at once; a GPU goes on with its work, and :meth:`numbers` waits for the copy alone.

    Elsewhere the values are read where they lie.
    """

    def __init__(self, values: Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        self._values = values
        if values.is_cuda:
            self._values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            self._values.copy_(values, non_blocking=True)
            self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._arrived.record()

    def numbers(self) -> list[float]:
        """The values."""
        if self._arrived is not None:
            self._arrived.synchronize()
        numbers: list[float] = self._values.tolist()
        return numbers
