"""On what and in which form a network computes: device, precision, memory format."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Self, TypeVar

import torch
from torch import Tensor, nn

from resnet_core.errors import N_, Refusal
from resnet_core.fields import shorten
from resnet_core.model.network import ResNet
from resnet_core.recipe import TrainSpec

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Numerics:
    """The weights are float32 throughout; under bfloat16 torch's autocast picks the operators that are not."""

    device: torch.device
    bfloat16: bool = False
    channels_last: bool = False

    @classmethod
    def of(cls, how: TrainSpec) -> Self:
        """As a recipe has them that leaves nothing to ``auto``."""
        assert "auto" not in (how.precision, how.memory_format), "settle the recipe first"
        return cls(torch.device(how.device), how.precision == "bfloat16", how.memory_format == "channels_last")

    def place(self, model: Module) -> Module:
        """The module itself, moved to the device and into the memory format."""
        return model.to(self.device).to(memory_format=self._format)  # type: ignore[no-any-return, call-overload]

    def images(self, inputs: Tensor) -> Tensor:
        """A batch ``(N, C, H, W)`` in the memory format."""
        return inputs.to(memory_format=self._format)

    def autocast(self) -> AbstractContextManager[object]:
        """Around a forward pass and its loss."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()

    @property
    def _format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format


def compile_units(model: ResNet) -> None:
    """Let torch.compile translate each unit, once for each shape; hooks on the units stay outside and see all."""
    torch._dynamo.config.recompile_limit = max(64, torch._dynamo.config.recompile_limit)
    for unit in model.units:
        unit.forward = torch.compile(unit.forward)  # type: ignore[method-assign]


def refuse_if_it_cannot_compile(device: torch.device) -> None:
    """Compile one small function: without a C++ compiler (CPU) or Triton (GPU) that fails, with many kinds of error."""
    import torch._dynamo

    try:
        torch.compile(lambda x: torch.relu(x) + 1)(torch.ones(8, device=device))
    except (torch._dynamo.exc.TorchDynamoException, RuntimeError, OSError, ImportError) as error:
        raise Refusal(
            N_("torch.compile does not work on this machine ({reason}); choose compiled=false."),
            field="compiled", reason=shorten(str(error).strip().partition("\n")[0], 160),
        ) from error  # fmt: skip
