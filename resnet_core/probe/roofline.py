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
from torch.nn import functional

from resnet_core import devices
from resnet_core.cost.ledger import FLOAT32, Kind, Ledger
from resnet_core.errors import N_
from resnet_core.layer import Layer
from resnet_core.model.network import ResNet, build
from resnet_core.operators import OPERATORS
from resnet_core.plan import plan
from resnet_core.probe import clock
from resnet_core.probe.latency import REPEATS, images, measurable, provenance
from resnet_core.probe.timing import Roofline, TimingOptions, roofs, spread
from resnet_core.spec import ArchSpec
from resnet_core.study import Progress, Subject

# Rows and columns of the matrices whose products are tried: larger ones where more works side by side.
PRODUCTS = {"one thread": (512, 1024), "threads": (1024, 2048), "gpu": (2048, 4096, 8192)}
PRODUCT_MATRICES = 5  # of each size are held at once: a square, an image and its weights, and what comes out
MEMORY_FLOATS = 2**24  # 64 MiB: far larger than a processor's caches
CACHE_FLOATS = 2**15, 2**17, 2**19  # 128 kiB to 2 MiB
ROOF_REPEATS = 7
ROOF_TRIES = 3


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

    The roofs are tried before the passes and after them, and once more where a layer was faster: the best counts, for
    whatever else the machine does only makes them lower.
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
        passes = clock.turns(works, repeats, budget_s * len(works), tell)

        def records() -> tuple[Roofline, ...]:
            facts = {**peaks, **provenance(device, seed, load)}
            return tuple(_record(*of, batch_size, facts) for of in zip(ledgers, passes, strict=True))

        for _ in range(1, ROOF_TRIES):
            peaks = {name: max(value, peaks[name]) for name, value in _peaks(place).items()}
            if all(roofs([record]).hold for record in records()):
                break
        return records()


def layer_times(
    model: ResNet, x: Tensor, place: torch.device, tell: clock.Tell = clock.unheard
) -> dict[LayerKind, float]:
    """One forward pass; the time of all layers of a kind together, in seconds."""
    times: dict[LayerKind, float] = {}
    layers, done = sum(1 for _ in plan(model.spec)), 0

    def timed(layer: Layer, work: Callable[[], Tensor]) -> Tensor:
        out: list[Tensor] = []
        taken = clock.once(lambda: out.append(work()), place)
        kind = kind_of(layer)
        times[kind] = times.get(kind, 0.0) + taken
        nonlocal done
        done += 1
        tell(done / layers)
        return out[0]

    model.replay(x, timed)
    return times


def kind_of(layer: Layer) -> LayerKind:
    """Convolutions are alike by kernel and groups, everything else by its operator."""
    windowed = OPERATORS[layer.op].macs_per_weight == "pixel"
    return LayerKind(layer.op, layer.kernel, layer.groups) if windowed else LayerKind(layer.op, 0, 1)


def _peaks(place: torch.device) -> dict[str, float]:
    """The roofs: the fastest of some large products of float32, and of copies (read and written) of what is far larger
    than a cache and of what lies in one.

    Each product is taken as one of matrices and as a 1x1 convolution: a library may compute either in another way, on a
    GPU in another precision.
    """
    kind = "gpu" if place.type != "cpu" else "threads" if torch.get_num_threads() > 1 else "one thread"
    free = devices.free_bytes(place.type)
    fitting = [n for n in PRODUCTS[kind] if free is None or PRODUCT_MATRICES * FLOAT32 * n * n < free / 10]
    sizes = fitting or PRODUCTS[kind][:1]
    products = [(n, product) for n in sizes for product in (_matrices(n, place), _pointwise(n, place))]
    copies = [_copy(floats, place) for floats in (MEMORY_FLOATS, *CACHE_FLOATS)]
    works = [*(product for _, product in products), *copies]
    fastest = [min(times) for times in clock.in_turn(works, place, ROOF_REPEATS, budget_s=1.0)]
    macs = [n**3 / taken for (n, _), taken in zip(products, fastest, strict=False)]
    moved = [2 * FLOAT32 * MEMORY_FLOATS / taken for taken in fastest[len(products) :]]
    return {
        "peak_macs_per_s": max(macs),
        "peak_bytes_per_s": moved[0],
        "cache_bytes_per_s": max(moved),
    }


def _matrices(n: int, place: torch.device) -> Callable[[], Tensor]:
    square = torch.rand(n, n, device=place)
    return lambda: square @ square


def _pointwise(n: int, place: torch.device) -> Callable[[], Tensor]:
    """The same product: of n channels at n places."""
    x, weight = torch.rand(1, n, n // 32, 32, device=place), torch.rand(n, n, 1, 1, device=place)
    return lambda: functional.conv2d(x, weight)


def _copy(floats: int, place: torch.device) -> Callable[[], None]:
    """As many bytes in all as the copy of what is far larger than a cache: of less, again and again."""
    source = torch.rand(floats, device=place)
    target = torch.empty_like(source)

    def copy() -> None:
        for _ in range(MEMORY_FLOATS // floats):
            target.copy_(source)

    return copy


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
