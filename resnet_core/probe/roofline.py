"""What each kind of layer achieves on a device: multiply-adds and bytes in a second, against what the device can do.

Declared in :mod:`.timing`. The roofline model: Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor

from resnet_core import devices
from resnet_core.cost.ledger import FLOAT32, Kind, Ledger
from resnet_core.errors import N_
from resnet_core.layer import Layer
from resnet_core.model.network import ResNet, build
from resnet_core.operators import OPERATORS
from resnet_core.probe import clock
from resnet_core.probe.latency import REPEATS, images, measurable, provenance
from resnet_core.probe.timing import Roofline, TimingOptions, spread
from resnet_core.spec import ArchSpec
from resnet_core.study import Progress, Subject

PRODUCT = 1024  # rows and columns of the matrices whose product is the compute roof
COPY_FLOATS = 2**24  # 64 MiB: far larger than a processor's caches
ROOF_REPEATS = 7


class LayerKind(NamedTuple):
    """What makes layers alike in a roofline."""

    op: Kind
    kernel: int  # of a convolution; 0 for the others
    groups: int


def measure(networks: Sequence[Subject], options: TimingOptions, progress: Progress) -> Iterator[Roofline]:
    """One record a network, measured in turn."""
    found = rooflines(
        [network.spec for network in networks], batch_size=options.batch_size, seed=options.seed,
        device=options.device, threads=devices.threads_here(),
        tell=lambda share: progress(share, 1, N_("Each kind of layer in its place, network by network")),
    )  # fmt: skip
    for network, record in zip(networks, found, strict=True):
        yield replace(record, **network.mark)


def rooflines(
    specs: Sequence[ArchSpec],
    *,
    batch_size: int = 1,
    repeats: int = REPEATS,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 1,
    budget_s: float = 1.0,
    tell: clock.Tell = clock.unheard,
) -> tuple[Roofline, ...]:
    """The time of each kind of layer in forward passes of each network, taken in turn (A B A B).

    Each layer is timed in its place, while the network computes real passes, so that it finds the caches as the layer
    before has left them. The additions and products of a block are timed in the same way. Arguments and refusals are
    those of :func:`resnet_core.probe.latency.latencies`. On a GPU the device is waited for after each layer, so that
    the time of starting it is in every layer's time.
    """
    tell(0)
    place = devices.resolve(device)
    ledgers = [measurable(spec, batch_size, device) for spec in specs]
    with clock.use_threads(threads), torch.inference_mode():
        load = clock.OtherLoad()
        peaks = _peaks(place)
        models = [build(spec, seed=seed).to(place).eval() for spec in specs]
        works = [
            partial(layer_times, model, images(spec, batch_size, seed, place), place)
            for model, spec in zip(models, specs, strict=True)
        ]
        for work in works:
            work()
        passes: list[list[dict[LayerKind, float]]] = [[] for _ in works]

        def take() -> None:
            for work, taken in zip(works, passes, strict=True):
                taken.append(work())

        clock.rounds(take, repeats, budget_s * len(works), tell)
        facts = provenance(device, seed, load)
    return tuple(
        _record(ledger, taken, batch_size, {**peaks, **facts}) for ledger, taken in zip(ledgers, passes, strict=True)
    )


def layer_times(model: ResNet, x: Tensor, place: torch.device) -> dict[LayerKind, float]:
    """One forward pass; the time of all layers of a kind together, in seconds."""
    times: dict[LayerKind, float] = {}

    def timed(layer: Layer, work: Callable[[], Tensor]) -> Tensor:
        out: list[Tensor] = []
        taken = clock.once(lambda: out.append(work()), place)
        kind = kind_of(layer)
        times[kind] = times.get(kind, 0.0) + taken
        return out[0]

    model.replay(x, timed)
    return times


def kind_of(layer: Layer) -> LayerKind:
    """Convolutions are alike by kernel and groups, everything else by its operator."""
    windowed = OPERATORS[layer.op].macs_per_weight == "pixel"
    return LayerKind(layer.op, layer.kernel, layer.groups) if windowed else LayerKind(layer.op, 0, 1)


def _peaks(place: torch.device) -> dict[str, float]:
    """The two roofs: the fastest of a few large matrix products, and of a few copies (read and written)."""
    square = torch.rand(PRODUCT, PRODUCT, device=place)
    source = torch.rand(COPY_FLOATS, device=place)
    target = torch.empty_like(source)
    products, copies = clock.in_turn(
        [lambda: square @ square, lambda: target.copy_(source)], place, ROOF_REPEATS, budget_s=1.0
    )
    return {
        "peak_macs_per_s": PRODUCT**3 / min(products),
        "peak_bytes_per_s": 2 * FLOAT32 * COPY_FLOATS / min(copies),
    }


def _record(
    ledger: Ledger, passes: Sequence[dict[LayerKind, float]], batch_size: int, facts: dict[str, Any]
) -> Roofline:
    work: dict[LayerKind, list[int]] = {}  # layers, macs, bytes
    for row in ledger.rows:
        entry = work.setdefault(kind_of(row.layer), [0, 0, 0])
        if row.kind == "bias":  # added where its layer writes, so only its parameters are moved for it
            entry[2] += FLOAT32 * row.params
            continue
        fixed = FLOAT32 * (row.params + row.statistics)  # read once, whatever the batch
        entry[0] += 1
        entry[1] += batch_size * row.macs
        entry[2] += fixed + batch_size * (row.read_bytes - fixed + row.written_bytes)
    spreads = {kind: spread(tuple(times[kind] for times in passes)) for kind in work}
    return Roofline(
        ops=tuple(kind.op for kind in work),
        kernels=tuple(kind.kernel for kind in work),
        groups=tuple(kind.groups for kind in work),
        layers=tuple(layers for layers, _, _ in work.values()),
        macs=tuple(macs for _, macs, _ in work.values()),
        bytes_moved=tuple(moved for _, _, moved in work.values()),
        times_s=tuple(times.median for times in spreads.values()),
        lower_s=tuple(times.lower for times in spreads.values()),
        upper_s=tuple(times.upper for times in spreads.values()),
        passes=len(passes),
        pass_s=median(sum(times.values()) for times in passes),
        batch_size=batch_size,
        image_size=ledger.plan.spec.image_size,
        **facts,
    )
