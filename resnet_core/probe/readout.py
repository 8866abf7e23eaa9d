"""Study: which class can still be read at each block. torch is imported where it is measured: a page reads the rest.

Alain and Bengio 2016, arXiv:1610.01644: a linear classifier fitted to what a layer puts out, the network itself left as
it is, tells how much of the class a linear reader still finds there. Here the reader is a ridge regression (Hoerl and
Kennard 1970, doi:10.1080/00401706.1970.10488634) from each residual unit's output, averaged to 2x2 and standardised, to
the classes as vectors of ones and zeros. It has a closed form, so a network is read at every block in under a second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from resnet_core.cost.memory import refuse_inference_if_too_large
from resnet_core.errors import N_
from resnet_core.fields import real
from resnet_core.probe.limits import on_images
from resnet_core.recipe import Data
from resnet_core.records import Share, Some
from resnet_core.study import SEED, Counter, Finding, OnImages, Progress, Study, Subject, Units, from_recipe
from resnet_core.train.facts import facts

MOST_FITTED, MOST_SCORED = 5000, 2000  # images; more change an accuracy by less than its standard error
GRID = 2  # height and width to which a map is averaged


class ReadoutOptions(OnImages):
    """Which images, and how strongly the reader is held back."""

    seed: int = from_recipe("seed", SEED)  # the images are always the same
    ridge: float = real(
        10.0, N_("Ridge constant"),
        N_("Added to the squares of the standardised features, so that a reader of many features does not overfit."),
        "more", 1e-3, 1e6,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Readout(Finding):
    """What a linear reader finds of the class in what each residual unit puts out.

    ``accuracy[i]`` is the share, 0 to 1, of ``scored`` test images whose class it names from the output of the unit
    ``names[i]``, from the first to the last, after it was fitted on ``fitted`` training images. ``chance`` is the share
    that the most frequent class of the training images would get. ``trained``: whether these are a kept run's weights;
    then the network is in evaluation mode, else in training mode, for its running statistics have seen nothing yet.
    """

    names: Units
    accuracy: tuple[Share, ...]
    chance: Share
    ridge: float
    fitted: int
    scored: Some
    data: Data
    batch_size: int
    image_size: int
    trained: bool


STUDY = Study(
    name="readout",
    title=N_("What can still be read at each block"),
    source="arXiv:1610.01644",
    options=ReadoutOptions,
    record=Readout,
    run="resnet_core.probe.readout:measure",
    weights=True,
    stays=True,
    limit=on_images(refuse_inference_if_too_large),
)


def measure(networks: Sequence[Subject], options: ReadoutOptions, progress: Progress) -> Iterator[Readout]:
    """One record a network: features of the training and of the test images, then a reader for each block.

    The pass is in channels last, which on a CPU takes two thirds of the time (BatchNorm and the average alone less than
    half), and differs by rounding.
    """
    import torch

    from resnet_core.probe.networks import bench

    known = facts(options.images)
    fitted, scored = min(known.train, MOST_FITTED), min(known.test, MOST_SCORED)
    for network in networks:
        ready = bench(network, options, refuse_inference_if_too_large, progress)
        model, shown, place = ready.model.train(network.weights is None), ready.images, ready.place
        if place.type != "mps":
            model = model.to(memory_format=torch.channels_last)
        # Equal batches, so that no BatchNorm takes its statistics of a few images that are left over.
        learn, ask = (list(torch.arange(count).chunk(-(-count // options.batch_size))) for count in (fitted, scored))
        steps = Counter(
            progress, len(learn) + len(ask) + len(model.units), N_("Reading {network}, block by block"),
            network=network.name,
        )  # fmt: skip
        with ready.repeatable():
            features, labels = _features(model, (shown.train_batch(rows) for rows in learn), place, steps)
            test_batches = (shown.test_batch(slice(int(rows[0]), int(rows[-1]) + 1)) for rows in ask)
            others, answers = _features(model, test_batches, place, steps)
        accuracy = []
        for mine, theirs in zip(features, others, strict=True):
            accuracy.append(_read(mine, labels, theirs, answers, known.classes, options.ridge))
            steps()
        yield Readout(
            names=model.unit_names,
            accuracy=tuple(accuracy),
            chance=float((answers == labels.mode().values).double().mean()),
            ridge=options.ridge,
            fitted=fitted,
            scored=scored,
            **ready.facts,
        )


def _features(model: Any, batches: Iterator[tuple[Any, Any]], place: Any, step: Counter) -> tuple[list[Any], Any]:
    """What each unit puts out, averaged to 2x2: ``(images, 4 C)`` a unit, on the CPU; and the labels of the images."""
    import torch
    from torch.nn import functional

    rows: list[list[Any]] = [[] for _ in model.units]
    labels = []
    layout = torch.contiguous_format if place.type == "mps" else torch.channels_last

    def listen(unit: int) -> Any:
        def hear(_unit: Any, _given: Any, y: Any) -> None:
            rows[unit].append(functional.adaptive_avg_pool2d(y, GRID).flatten(1).cpu())

        return hear

    handles = [unit.register_forward_hook(listen(number)) for number, unit in enumerate(model.units)]
    try:
        with torch.no_grad():
            for inputs, answers in batches:
                model(inputs.to(place, memory_format=layout))
                labels.append(answers.cpu())
                step()
    finally:
        for handle in handles:
            handle.remove()
    return [torch.cat(parts) for parts in rows], torch.cat(labels)


def _read(features: Any, labels: Any, others: Any, answers: Any, classes: int, ridge: float) -> float:
    """The share of ``others`` whose class a ridge regression on ``features`` names.

    W = (X^T X + ridge I)^-1 X^T Y in float64, X standardised by the training images: the products are taken of what is
    only centred, and divided by the deviations. Where a feature never changes, or is not finite, it tells nothing and
    is left out.
    """
    import torch
    from torch.nn import functional

    x, z = features.double(), others.double()
    mean = x.mean(0)
    x = x - mean
    std = x.square().mean(0).sqrt()
    telling = torch.isfinite(std) & (std > 1e-12 * mean.abs()) & torch.isfinite(z).all(0)
    if not telling.all():
        x, z, mean, std = x[:, telling], z[:, telling], mean[telling], std[telling]
    y = functional.one_hot(labels, classes).double()
    share = y.mean(0)
    gram = x.T @ x / (std[:, None] * std)
    gram.diagonal().add_(ridge)
    weights = torch.linalg.solve(gram, x.T @ (y - share) / std[:, None]) / std[:, None]
    named = ((z - mean) @ weights + share).argmax(1)
    return float((named == answers).double().mean())
