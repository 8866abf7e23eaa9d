"""Networks ready to take one image after the other, kept by a child that stays. Imports torch.

To build a network, to give its BatchNorm statistics and to send a batch through it takes ten times as long as one image
does, and none of it depends on the image: so the last few networks are kept, by all that they depend on.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_core.cost.memory import refuse_inference_if_too_large
from resnet_core.errors import N_
from resnet_core.model.network import ResNet
from resnet_core.plan import Plan, plan
from resnet_core.probe.networks import Bench, bench
from resnet_core.study import Counter, OnImages, Progress, Subject
from resnet_core.train.facts import facts, fit

MOST_KEPT, MOST_BYTES = 4, 600_000_000
CHUNK, CHUNK_PIXELS = 64, 1 << 17  # images that go through at once where nothing is taken over the batch
GRID = 2  # height and width to which a map is averaged before dimensions are counted


@dataclass(frozen=True)
class Prepared:
    """A network in evaluation mode, with what is known of it without the image. Its weights want no gradient."""

    bench: Bench
    layers: Plan
    cosines: tuple[float, ...]
    dimensions: tuple[float, ...]
    compared: int

    @property
    def bytes(self) -> int:
        """What it takes: weights, and the images."""
        held = [*self.bench.model.state_dict().values(), self.bench.images.test_pixels]
        return sum(tensor.nbytes for tensor in held)


_kept: OrderedDict[Any, Prepared] = OrderedDict()  # the latest used last


def prepared(subject: Subject, options: OnImages, progress: Progress) -> Prepared:
    """The network, taken from what is kept where it is, its time begun anew."""
    started = time.perf_counter()
    written = subject.weights.stat().st_mtime_ns if subject.weights and subject.weights.exists() else None
    key = (
        fit(subject.spec, options.images), subject.weights, written, options.seed, options.device, options.images,
        options.batch_size,
    )  # fmt: skip
    known = _kept.pop(key, None)
    if known is None:
        known = _prepare(subject, options, progress)
    else:
        known = replace(known, bench=replace(known.bench, subject=subject, options=options, started=started))
    _kept[key] = known
    while len(_kept) > MOST_KEPT or (len(_kept) > 1 and sum(one.bytes for one in _kept.values()) > MOST_BYTES):
        _kept.popitem(last=False)
    return known


def _prepare(subject: Subject, options: OnImages, progress: Progress) -> Prepared:
    ready = bench(subject, options, refuse_inference_if_too_large, progress)
    model = ready.laid_out().eval().requires_grad_(False)
    count = min(options.batch_size, facts(options.images).test)
    height, width = ready.spec.image_shape
    together = max(1, min(CHUNK, CHUNK_PIXELS // (height * width)))
    chunks = [slice(start, min(start + together, count)) for start in range(0, count, together)]
    told = len(chunks) + (len(model.units) if subject.weights is None else 0)
    steps = Counter(progress, told, N_("Preparing {network}"), network=subject.name)
    if subject.weights is None:
        with ready.repeatable():
            calibrate(model, ready.first_batch()[0].to(memory_format=ready.layout), steps)
    batches = (ready.images.test_batch(rows)[0] for rows in chunks)
    cosines, dimensions = likeness(
        model, (batch.to(ready.place, memory_format=ready.layout) for batch in batches), steps
    )
    none = ready.images.train_pixels[:0].clone()  # the training images are not needed any more
    images = replace(ready.images, train_pixels=none, train_labels=ready.images.train_labels[:0].clone())
    return Prepared(replace(ready, images=images), plan(ready.spec), cosines, dimensions, count)


def calibrate(model: ResNet, inputs: Tensor, step: Callable[[], None]) -> None:
    """Give each BatchNorm the statistics of one batch; all else stays in evaluation mode."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # the mean over the batches so far, of which this is the only one
    with torch.no_grad(), _listening(model, lambda _unit, _output: step()):
        model(inputs)
    model.eval()


def likeness(
    model: ResNet, batches: Iterator[Tensor], step: Callable[[], None]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """How alike the images are in what each unit puts out: the mean cosine of pairs, and the participation ratio."""
    units = len(model.units)
    pooled: list[list[Tensor]] = [[] for _ in range(units)]
    sums: list[Tensor | float] = [0.0] * units
    counts = [0] * units

    def hear(unit: int, output: Tensor) -> None:
        pooled[unit].append(functional.adaptive_avg_pool2d(output, GRID).flatten(1).cpu())
        flat = output.flatten(1)
        norms = flat.norm(dim=1, keepdim=True)
        there = (norms > 0) & norms.isfinite()  # a vector of zeros has no direction
        sums[unit] = sums[unit] + torch.where(there, flat / norms, 0.0).sum(0)
        counts[unit] += int(there.sum())

    with torch.no_grad(), _listening(model, hear):
        for batch in batches:
            model(batch)
            step()
    cosines = tuple(_mean_cosine(total, count) for total, count in zip(sums, counts, strict=True))
    return cosines, tuple(participation(torch.cat(rows)) for rows in pooled)


def _mean_cosine(total: Tensor | float, count: int) -> float:
    """Over all pairs of unit vectors with that sum: ``(|sum u|^2 - n) / (n (n - 1))``."""
    if count < 2 or not isinstance(total, Tensor):
        return math.nan
    return (float(total.cpu().double().square().sum()) - count) / (count * (count - 1))


def participation(features: Tensor) -> float:
    """(tr C)^2 / tr(C^2) of the covariance of the rows of ``(images, features)``; NaN where they are all the same."""
    rows = features.double()
    largest = rows.abs().max()
    rows = rows / largest if largest > 0 else rows  # so that no square leaves the range
    rows = rows - rows.mean(0)
    whole = float(rows.square().sum())
    product = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    squares = float(product.square().sum())
    return whole**2 / squares if squares > 0 else math.nan


@contextmanager
def _listening(model: ResNet, hear: Callable[[int, Tensor], None]) -> Iterator[None]:
    """While open, each unit's output is heard, in any mode."""
    handles = [
        unit.register_forward_hook(lambda _unit, _given, output, number=number: hear(number, output))
        for number, unit in enumerate(model.units)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
