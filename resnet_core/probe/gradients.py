"""How much gradient reaches each residual unit.

He et al. 2016, arXiv:1603.05027, equation 5: with identity shortcuts, ``dE/dx_l = dE/dx_L (1 + d/dx_l sum F)``, so the
gradient reaches any unit ``l`` directly, through the term 1. He et al. 2015, arXiv:1512.03385, section 4.1, verified
that the gradients of plain networks with BatchNorm do not vanish in their norms; here the norms are measured.
"""

import time
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.model.network import ResNet, build
from resnet_core.probe.records import GradientFlow
from resnet_core.recipe import DataChoice
from resnet_core.spec import ArchSpec
from resnet_core.train import devices
from resnet_core.train.data import batches, load
from resnet_core.train.facts import as_choice, fit


class GradientNorms:
    """While open, notes the gradient of the loss with respect to the input of each of ``model.units``.

    After a backward pass, :meth:`norms` gives one L2 norm per unit, over the whole ``(N, C, H, W)`` gradient. The
    hooks sit on tensors, not on modules, so they see the sum of both paths, the branch's and the shortcut's.
    """

    def __init__(self, model: ResNet) -> None:
        self._units = model.units
        self._norms: list[Tensor | None] = [None] * len(self._units)
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        self._handles = [unit.register_forward_pre_hook(self._watch(i)) for i, unit in enumerate(self._units)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def norms(self) -> tuple[float, ...]:
        """One norm per unit, from the first to the last, of the latest backward pass."""
        noted = [norm for norm in self._norms if norm is not None]
        if len(noted) < len(self._units):
            raise RuntimeError("norms() needs a forward and a backward pass inside the context")
        return tuple(torch.stack(noted).tolist())  # one transfer from the device, whatever the depth

    def _watch(self, index: int) -> Any:
        def note(gradient: Tensor) -> None:
            self._norms[index] = _l2(gradient.detach())

        def before(_unit: nn.Module, args: tuple[Tensor, ...]) -> None:
            self._norms[index] = None
            if args[0].requires_grad:
                args[0].register_hook(note)  # type: ignore[no-untyped-call]

        return before


def _l2(gradient: Tensor) -> Tensor:
    """The L2 norm of ``(N, C, H, W)``, to about 1e-6 of itself.

    One float32 sum over a large gradient is off by 1e-3, and squares beyond float32's range vanish, as that of a
    deep network without normalisation does (1e-25). A float64 sum has neither fault and takes three to twenty times as
    long on a CPU, so there it stands in only where float32 cannot do: first one sum an image, then the sum of those.
    """
    kind = gradient.device.type
    if kind == "cuda":
        return _exact(gradient)
    exact = torch.float64 if kind == "cpu" else torch.float32  # MPS has no float64
    norm: Tensor = torch.linalg.vector_norm(torch.linalg.vector_norm(gradient, dim=(1, 2, 3)), dtype=exact)
    if kind == "cpu" and not 1e-12 < norm.item() < 1e12:
        return _exact(gradient)
    return norm


def _exact(gradient: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(gradient, dtype=torch.float64)
    return norm


def gradient_flow(
    spec: ArchSpec, *, data: DataChoice | str = "digits", seed: int = 0, device: str = "cpu", batch_size: int = 128
) -> GradientFlow:
    """Measure the gradient norms of the freshly built network on the very batch of a training's first step.

    The network is fitted to the data (:func:`resnet_core.train.facts.fit`), built from ``seed``, put into training
    mode, and run forward and backward once; nothing is updated. arXiv:1603.05027, equation 5; arXiv:1512.03385, 4.1.
    """
    place = devices.resolve(device)
    fitted = fit(spec, data)
    refuse_if_too_large(fitted, batch_size, available=devices.free_bytes(device))
    images = load(data, fitted.image_size)
    started = time.perf_counter()
    model = build(fitted, seed=seed).to(place).train()
    index = next(batches(images, epoch=1, seed=seed, batch_size=batch_size))
    inputs, labels = (part.to(place) for part in images.train_batch(index))
    with GradientNorms(model) as gradients, devices.repeatable(place, seed, step=1):
        loss = functional.cross_entropy(model(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        norms = gradients.norms()
    return GradientFlow(
        names=model.unit_names,
        norms=norms,
        loss=loss.item(),
        data=as_choice(data).name,
        seed=seed,
        batch_size=batch_size,
        image_size=fitted.image_size,
        device=device,
        device_name=devices.device_name(device),
        threads=devices.threads_here(),
        versions=devices.versions(),
        time_s=time.perf_counter() - started,
    )
