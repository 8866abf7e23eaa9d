"""Where a training broke: the step repeated from the weights before it, each module watched.

In time order, the first value that is not finite is the origin; what follows has only caught it. Modules report what
they put out, and in the backward pass the gradients that they hand on and those of their weights. What is between
modules (the addition of a residual unit, or where the gradients of its two paths meet) is told as the unit.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from resnet_core.errors import N_
from resnet_core.model.network import ResidualUnit, ResNet
from resnet_core.train.records import Diverged

Direction = Literal["input", "forward", "loss", "backward", "update"]

SENTENCES: dict[Direction, str] = {
    "input": N_("The training diverged at step {step}: its images already hold a value that is not a finite number."),
    "forward": N_("The training diverged at step {step}: in the forward pass, the first value that is not a finite "
                  "number came out of {layer}. A smaller learning rate than {learning_rate} may help."),
    "loss": N_("The training diverged at step {step}: the network's scores are finite, but their loss is not. A "
               "smaller learning rate than {learning_rate} may help."),
    "backward": N_("The training diverged at step {step}: in the backward pass, the first gradient that is not a "
                   "finite number arose in {layer}. A smaller learning rate than {learning_rate} may help."),
    "update": N_("The training diverged at step {step}: loss and gradients are finite, but after the update the "
                 "weights of {layer} are not. A smaller learning rate than {learning_rate} may help."),
}  # fmt: skip


class Origin(NamedTuple):
    """Where the first value that is not finite arose: a module by torchvision's name, "" for the input and the loss."""

    direction: Direction
    layer: str = ""


def diverged(origin: Origin, step: int, learning_rate: float) -> Diverged:
    """The sentence for it."""
    return Diverged(
        SENTENCES[origin.direction],
        field="learning_rate", step=step, learning_rate=learning_rate, layer=origin.layer, direction=origin.direction,
    )  # fmt: skip


def repeat(model: ResNet, loss_of: Callable[[Tensor], Tensor], inputs: Tensor) -> Origin | None:
    """Run ``loss_of(inputs)`` on ``model`` forward and backward and tell the origin; None if all stays finite.

    ``model`` has the weights from before the step and is in training mode.
    """
    if not finite(inputs):
        return Origin("input")
    found: list[Origin] = []
    handles = [handle for name, module in model.named_modules() for handle in _watch(name, module, found)]
    try:
        loss = loss_of(inputs.clone().requires_grad_())  # a hook on the first module needs a gradient to pass on
        if not finite(loss):
            found.append(Origin("loss"))
        loss.backward()  # type: ignore[no-untyped-call]
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def broken_weights(model: nn.Module) -> Origin | None:
    """The first module with a weight that is not finite."""
    for name, parameter in model.named_parameters():
        if not finite(parameter):
            return Origin("update", name.rpartition(".")[0])
    return None


def finite(values: Tensor) -> bool:
    """Whether all are."""
    return bool(torch.isfinite(values).all())


def _watch(name: str, module: nn.Module, found: list[Origin]) -> list[Any]:
    """Hooks that note what is not finite, in the order in which it arises."""
    leaf = next(module.children(), None) is None
    if not leaf and not isinstance(module, ResidualUnit):
        return []
    around = ".".join(name.split(".")[:2]) if name.startswith("layer") else name

    def forward(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if leaf and not finite(inputs[0]):
            found.append(Origin("forward", around))
        if not finite(output):
            found.append(Origin("forward", name))

    def backward(_module: nn.Module, passed_on: Any, received: Any) -> None:
        if leaf and any(gradient is not None and not finite(gradient) for gradient in received):
            found.append(Origin("backward", around))
        if any(gradient is not None and not finite(gradient) for gradient in passed_on):
            found.append(Origin("backward", name))

    def weights(gradient: Tensor) -> None:
        if not finite(gradient):
            found.append(Origin("backward", name))

    own = [parameter.register_hook(weights) for parameter in module.parameters()] if leaf else []  # type: ignore[no-untyped-call]
    return [module.register_forward_hook(forward), module.register_full_backward_hook(backward), *own]
