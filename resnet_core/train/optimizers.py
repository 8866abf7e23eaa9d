"""What moves the weights: stochastic gradient descent or AdamW, as a recipe has them.

The arithmetic is torch's own, by its functional form. Its optimiser classes import ``torch._dynamo`` when the first of
them is made, which takes as long as torch itself and helps nobody who does not compile.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from resnet_core.recipe import TrainSpec

BETA_2 = 0.999  # Loshchilov and Hutter 2017, arXiv:1711.05101, as torch's default, like the next
EPSILON = 1e-8


def optimizer_of(how: TrainSpec, model: nn.Module) -> "Optimizer":
    """The optimiser of a recipe over all weights of ``model``, which lies on its device already."""
    kind = AdamW if how.optimizer == "adamw" else SGD
    return kind(how, model.parameters())


class Optimizer(ABC):
    """Moves ``weights`` by their gradients.

    ``state``: what it remembers, by torch's name for it: one tensor a weight, of its shape, device and memory format;
    of AdamW's ``step``, a number each, on the CPU where it is not fused.
    """

    def __init__(self, how: TrainSpec, weights: Iterable[nn.Parameter]) -> None:
        self.how, self.weights = how, list(weights)
        self.state: dict[str, list[Tensor]] = {}

    def zero_grad(self) -> None:
        """Let go of the gradients of the last step."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move each weight that has a gradient, at this learning rate."""
        moved = [place for place, weight in enumerate(self.weights) if weight.grad is not None]
        weights: list[Tensor] = [self.weights[place] for place in moved]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        self._move(weights, gradients, {part: [of[place] for place in moved] for part, of in self.state.items()}, rate)

    @abstractmethod
    def _move(
        self, weights: list[Tensor], gradients: list[Tensor], state: dict[str, list[Tensor]], rate: float
    ) -> None:
        """Change weights and state in place."""


class SGD(Optimizer):
    """With momentum, Nesterov's too. All weights in few kernels; fused only on a GPU.

    On a CPU the fused one rounds otherwise where a tensor's length is no multiple of eight, and a default training
    would no longer give the bits of torch's own loop over tensors. "foreach" does.
    """

    def __init__(self, how: TrainSpec, weights: Iterable[nn.Parameter]) -> None:
        super().__init__(how, weights)
        if how.momentum:
            self.state = {"momentum_buffer": [torch.zeros_like(weight) for weight in self.weights]}

    def _move(
        self, weights: list[Tensor], gradients: list[Tensor], state: dict[str, list[Tensor]], rate: float
    ) -> None:
        how = self.how
        buffers: list[Tensor | None] = [*state.get("momentum_buffer", ())] or [None for _ in weights]
        sgd(
            weights, gradients, buffers, foreach=True if how.device == "cpu" else None,
            fused=True if how.device == "cuda" else None, lr=rate, momentum=how.momentum, nesterov=how.nesterov,
            weight_decay=how.weight_decay, dampening=0.0, maximize=False,
        )  # fmt: skip


class AdamW(Optimizer):
    """With the recipe's momentum as its first beta. On a CPU, fused takes a seventh of the time of a call a tensor."""

    def __init__(self, how: TrainSpec, weights: Iterable[nn.Parameter]) -> None:
        super().__init__(how, weights)
        self.fused = True if how.device in ("cpu", "cuda") else None
        self.state = {part: [torch.zeros_like(weight) for weight in self.weights] for part in ("exp_avg", "exp_avg_sq")}
        self.state["step"] = [
            torch.zeros((), device=weight.device if self.fused else "cpu") for weight in self.weights
        ]  # fmt: skip

    def _move(
        self, weights: list[Tensor], gradients: list[Tensor], state: dict[str, list[Tensor]], rate: float
    ) -> None:
        how = self.how
        adamw(
            weights, gradients, state["exp_avg"], state["exp_avg_sq"], [], state["step"], fused=self.fused, lr=rate,
            beta1=how.momentum, beta2=BETA_2, weight_decay=how.weight_decay, eps=EPSILON, amsgrad=False, maximize=False,
        )  # fmt: skip
