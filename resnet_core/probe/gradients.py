"""Study: how much gradient reaches each residual unit. torch is imported where it is measured: a page reads the rest.

He et al. 2016, arXiv:1603.05027, equation 5: with identity shortcuts, ``dE/dx_l = dE/dx_L (1 + d/dx_l sum F)``, so the
gradient reaches any unit ``l`` directly, through the term 1. He et al. 2015, arXiv:1512.03385, section 4.1, verified
that the gradients of plain networks with BatchNorm do not vanish in their norms; here the norms are measured.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import N_
from resnet_core.recipe import DataChoice
from resnet_core.spec import ArchSpec
from resnet_core.study import Counter, Finding, OnImages, Progress, Study, Subject, unheard
from resnet_core.train.facts import as_choice, fit


@dataclass(frozen=True, slots=True)
class GradientFlow(Finding):
    """How much gradient reaches each residual unit of a network.

    ``norms[i]`` is the L2 norm, over the whole batch, of the gradient of the mean cross entropy with respect to the
    input of the unit ``names[i]``, from the first unit to the last. ``trained``: whether these are a kept run's
    weights. ``time_s`` is the wall time of building the network and of the one forward and backward pass.
    """

    names: tuple[str, ...]
    norms: tuple[float, ...]
    loss: float
    data: str
    batch_size: int
    image_size: int
    trained: bool = False


def _limit(spec: ArchSpec, options: OnImages) -> None:
    """What the saved activations of a batch take must be there; a GPU's own memory is known where it is used."""
    fitted = fit(spec, options.images)
    if options.device != "cuda":
        refuse_if_too_large(fitted, options.batch_size)


STUDY = Study(
    name="gradients",
    title=N_("Gradient at the input of each block"),
    source="arXiv:1603.05027, equation 5; arXiv:1512.03385, section 4.1",
    options=OnImages,
    record=GradientFlow,
    run="resnet_core.probe.gradients:measure",
    weights=True,
    stays=True,
    limit=_limit,
)


def measure(networks: Sequence[Subject], options: OnImages, progress: Progress) -> Iterator[GradientFlow]:
    """One record a network, as :func:`gradient_flow` measures it."""
    for network in networks:
        flow = gradient_flow(
            network.spec, data=options.images, seed=options.seed, device=options.device,
            batch_size=options.batch_size, weights=network.weights, progress=progress,
        )  # fmt: skip
        yield replace(flow, **network.mark)


def gradient_flow(
    spec: ArchSpec,
    *,
    data: DataChoice | str = "digits",
    seed: int = 0,
    device: str = "cpu",
    batch_size: int = 128,
    weights: Path | None = None,
    progress: Progress = unheard,
) -> GradientFlow:
    """Measure the gradient norms of the network on the very batch of a training's first step.

    The network is fitted to the data (:func:`resnet_core.train.facts.fit`), built from ``seed`` or filled with trained
    ``weights``, put into training mode, and run forward and backward once; nothing is updated. arXiv:1603.05027,
    equation 5; arXiv:1512.03385, 4.1.
    """
    from torch.nn import functional

    from resnet_core import devices
    from resnet_core.probe.networks import Pass, images, module
    from resnet_core.train.data import batches
    from resnet_core.train.instruments import GradientNorms

    place, choice = devices.resolve(device), as_choice(data)
    fitted = fit(spec, choice)
    refuse_if_too_large(fitted, batch_size, available=devices.free_bytes(device))
    shown = images(choice, fitted.image_shape[0], progress)
    started = time.perf_counter()
    model = module(fitted, seed, weights, place).train()
    index = next(batches(shown, epoch=1, seed=seed, batch_size=batch_size))
    inputs, labels = (part.to(place) for part in shown.train_batch(index))
    blocks = Counter(progress, 2 * len(model.units), N_("One pass forward and backward, block by block"))
    with (
        GradientNorms(model) as gradients,
        Pass(model, blocks),
        devices.repeatable(place, seed, step=1),
    ):
        loss = functional.cross_entropy(model(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        norms = gradients.norms()
    return GradientFlow(
        names=model.unit_names,
        norms=norms,
        loss=loss.item(),
        data=choice.name,
        batch_size=batch_size,
        image_size=fitted.image_shape[0],
        trained=weights is not None,
        **devices.provenance(device, seed, started),
    )
