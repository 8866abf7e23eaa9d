"""Study: what each residual unit puts out. torch is imported where it is measured: a page reads the rest.

He et al. 2015, arXiv:1502.01852, section 2.2: with ReLU, half of a layer's signal is lost on average, and weights drawn
with variance 2/n keep the size of the rest from layer to layer. An identity shortcut adds each branch to what was
there (arXiv:1603.05027, equation 4), so the signal grows from unit to unit unless something normalises it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from resnet_core.cost.memory import refuse_inference_if_too_large
from resnet_core.errors import N_
from resnet_core.probe.limits import on_images
from resnet_core.recipe import Data
from resnet_core.study import Counter, Finding, OnImages, Progress, Study, Subject, Units


@dataclass(frozen=True, slots=True)
class Activations(Finding):
    """The values that each residual unit puts out for one batch, over the whole ``(N, C, H, W)``.

    ``names[i]`` is a unit, from the first to the last; ``means[i]`` and ``stds[i]`` are the mean and the standard
    deviation of its values; ``zeros[i]`` is the share, from 0 to 1, that is zero after a ReLU: the values not above
    zero, whether the unit ends with that ReLU or not. ``trained``: whether these are a kept run's weights.
    """

    names: Units
    means: tuple[float, ...]
    stds: tuple[float, ...]
    zeros: tuple[float, ...]
    data: Data
    batch_size: int
    image_size: int
    trained: bool


STUDY = Study(
    name="activations",
    title=N_("What each block puts out"),
    says=N_(
        "One batch goes forward; the mean and spread of what each block puts out, and its zeros, show "
        "whether the signal keeps its size."
    ),
    source="arXiv:1502.01852, section 2.2; arXiv:1603.05027, equation 4",
    options=OnImages,
    record=Activations,
    run="resnet_core.probe.activations:measure",
    weights=True,
    stays=True,
    limit=on_images(refuse_inference_if_too_large),
)


def measure(networks: Sequence[Subject], options: OnImages, progress: Progress) -> Iterator[Activations]:
    """One record a network, on the very batch of a training's first step.

    One forward pass in training mode, so that BatchNorm takes the batch's own statistics; nothing is updated.
    """
    import torch

    from resnet_core.probe.networks import Pass, bench

    exact = torch.float32 if options.device == "mps" else torch.float64  # MPS has no float64
    for network in networks:
        ready = bench(network, options, refuse_inference_if_too_large, progress)
        model = ready.model.train()
        inputs, _ = ready.first_batch()
        rows: list[Any] = []

        def note(output: Any, rows: list[Any] = rows) -> None:
            std, mean = torch.std_mean(output.to(exact), correction=0)
            rows.append(torch.stack([mean, std, (output <= 0).to(exact).mean()]))

        blocks = Counter(progress, len(model.units), N_("One pass forward, block by block"))
        with torch.no_grad(), Pass(model, blocks, note), ready.repeatable():
            model(inputs)
        means, stds, zeros = torch.stack(rows).T.tolist()
        yield Activations(
            names=model.unit_names,
            means=tuple(means),
            stds=tuple(stds),
            zeros=tuple(zeros),
            **ready.facts,
        )
