"""Study: how much gradient reaches each residual unit. torch is imported where it is measured: a page reads the rest.

He et al. 2016, arXiv:1603.05027, equation 5: with identity shortcuts, ``dE/dx_l = dE/dx_L (1 + d/dx_l sum F)``, so the
gradient reaches any unit ``l`` directly, through the term 1. He et al. 2015, arXiv:1512.03385, section 4.1, verified
that the gradients of plain networks with BatchNorm do not vanish in their norms; here the norms are measured.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import N_
from resnet_core.fields import choice
from resnet_core.layer import size
from resnet_core.plan import plan
from resnet_core.probe.limits import on_images
from resnet_core.recipe import Data, DataChoice
from resnet_core.records import Some
from resnet_core.spec import ArchSpec
from resnet_core.study import Counter, Finding, OnImages, Progress, Study, Subject, Units, unheard
from resnet_core.train.facts import as_choice

Measure = Literal["rms", "l2"]


class GradientOptions(OnImages):
    """Which images, and how the size of a gradient is told."""

    measure: Measure = choice(
        "rms", N_("Size of a gradient"),
        N_("Root mean square: of one value of the map, so that maps of different sizes compare. L2 norm: of all values "
           "together, which is larger where a map has more of them."),
        "more", {"rms": N_("root mean square"), "l2": N_("L2 norm")},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class GradientFlow(Finding):
    """How much gradient reaches each residual unit of a network.

    ``norms[i]`` is the L2 norm, over the whole batch, of the gradient of the mean cross entropy with respect to the
    input of the unit ``names[i]``, from the first unit to the last. ``sizes[i]`` counts the values of that input, N C H
    W; a record of an earlier version has none. ``trained``: whether these are a kept run's weights. ``time_s`` is the
    wall time of building the network and of the one forward and backward pass.
    """

    names: Units
    norms: tuple[float, ...]
    loss: float
    data: Data
    batch_size: int
    image_size: int
    trained: bool = False
    sizes: tuple[Some, ...] = ()

    @property
    def rms(self) -> tuple[float, ...]:
        """The root mean square of each gradient over its values, ``norms[i] / sqrt(sizes[i])``: it compares across maps
        of different sizes. Empty where the sizes were not recorded."""
        return tuple(norm / math.sqrt(count) for norm, count in zip(self.norms, self.sizes, strict=False))

    def told(self, measure: Measure) -> tuple[float, ...]:
        """The gradients in one measure; empty where they were not recorded so."""
        return self.norms if measure == "l2" else self.rms


STUDY = Study(
    name="gradients",
    title=N_("Gradient at the input of each block"),
    source="arXiv:1603.05027, equation 5; arXiv:1512.03385, section 4.1",
    options=GradientOptions,
    record=GradientFlow,
    run="resnet_core.probe.gradients:measure",
    weights=True,
    stays=True,
    limit=on_images(refuse_if_too_large),
    drawn=("measure",),
)


def measure(networks: Sequence[Subject], options: OnImages, progress: Progress) -> Iterator[GradientFlow]:
    """One record a network, on the very batch of a training's first step.

    One forward and backward pass in training mode; nothing is updated. arXiv:1603.05027, equation 5; arXiv:1512.03385,
    section 4.1.
    """
    from torch.nn import functional

    from resnet_core.probe.networks import Pass, bench
    from resnet_core.train.instruments import GradientNorms

    for network in networks:
        ready = bench(network, options, refuse_if_too_large, progress)
        model = ready.model.train()
        inputs, labels = ready.first_batch()
        blocks = Counter(progress, 2 * len(model.units), N_("One pass forward and backward, block by block"))
        with GradientNorms(model) as gradients, Pass(model, blocks), ready.repeatable():
            loss = functional.cross_entropy(model(inputs), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            norms = gradients.norms()
        sizes = tuple(len(inputs) * size(unit.body.in_shape) for unit in plan(ready.spec).units)
        yield GradientFlow(names=model.unit_names, norms=norms, sizes=sizes, loss=loss.item(), **ready.facts)


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
    """The gradient norms of one network, as :func:`measure` takes them.

    The network is fitted to the data (:func:`resnet_core.train.facts.fit`) and built from ``seed`` or filled with
    trained ``weights``.
    """
    images = as_choice(data)._asdict()
    options = OnImages(data=images.pop("name"), **images, seed=seed, device=device, batch_size=batch_size)
    (flow,) = measure([Subject("", spec, weights=weights)], options, progress)
    return flow
