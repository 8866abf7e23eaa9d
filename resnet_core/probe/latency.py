"""How long whole forward passes take, and a 1x1 convolution beside a 3x3. Declared in :mod:`.timing`.

Everything here is measured in float32, in evaluation and inference mode, on networks with their first weights: the
time of an operation does not depend on the values, numbers too small for float32's normal range apart.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
import torch
from torch import Tensor
from torch.nn import functional

from resnet_core import devices
from resnet_core.cost.ledger import Ledger, count
from resnet_core.cost.memory import refuse_inference_if_too_large
from resnet_core.errors import N_
from resnet_core.model.network import ResNet, build
from resnet_core.probe import clock
from resnet_core.probe.timing import KernelOptions, Kernels, Latency, TimingOptions
from resnet_core.spec import ArchSpec
from resnet_core.study import Progress, Subject
from resnet_core.train.hooks import Listener

REPEATS = 200
BUDGET_S = 2.0  # for each network
LONG_S = 0.5  # a pass that takes longer tells how far it is, at each unit: a few microseconds of it


def measure(networks: Sequence[Subject], options: TimingOptions, progress: Progress) -> Iterator[Latency]:
    """One record a network, timed in turn."""

    def tell(share: float) -> None:
        progress(share, 1, N_("Passes of each network in turn"))

    found = latencies(
        [network.spec for network in networks], batch_size=options.batch_size, seed=options.seed,
        device=options.device, threads=devices.threads_here(), tell=tell,
    )  # fmt: skip
    for network, record in zip(networks, found, strict=True):
        yield replace(record, **network.mark)


def measure_kernels(_networks: Sequence[Subject], options: KernelOptions, progress: Progress) -> Iterator[Kernels]:
    """The one comparison."""
    yield kernels(
        options.channels, options.map_size, seed=options.seed, device=options.device, threads=devices.threads_here(),
        tell=lambda share: progress(share, 1, N_("A 1×1 and a 3×3 convolution in turn")),
    )  # fmt: skip


def latency(
    spec: ArchSpec, *, batch_size: int = 1, repeats: int = REPEATS, seed: int = 0, device: str = "cpu", threads: int = 1
) -> Latency:
    """The times of repeated forward passes of one network on images of its own size; see :func:`latencies`."""
    (measured,) = latencies([spec], batch_size=batch_size, repeats=repeats, seed=seed, device=device, threads=threads)
    return measured


def latencies(
    specs: Sequence[ArchSpec],
    *,
    batch_size: int = 1,
    repeats: int = REPEATS,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 1,
    budget_s: float = BUDGET_S,
    tell: clock.Tell = clock.unheard,
) -> tuple[Latency, ...]:
    """The times of ``repeats`` forward passes of each network, taken in turn (A B A B) after a warm-up.

    Inputs are ``(batch_size, in_channels, H, W)`` normal numbers from ``seed``, which also draws the
    weights. Where the passes would take longer than ``budget_s`` seconds for each network there are fewer, at least
    five, or three where one takes longer than that. :class:`Refusal`: no such device, or too large for the memory.
    """
    tell(0)
    place = devices.resolve(device)
    ledgers = [measurable(spec, batch_size, device) for spec in specs]
    with clock.use_threads(threads), torch.inference_mode():
        works = [
            partial(Passes(build(spec, seed=seed).to(place).eval(), place).time, images(spec, batch_size, seed, place))
            for spec in specs
        ]
        load = clock.OtherLoad()
        times = clock.turns(works, repeats, budget_s * len(works), tell)
        facts = provenance(device, seed, load)
    return tuple(
        Latency(
            times_s=tuple(taken),
            macs=batch_size * ledger.macs,
            params=ledger.params,
            batch_size=batch_size,
            image_size=ledger.plan.spec.image_size,
            **facts,
        )
        for ledger, taken in zip(ledgers, times, strict=True)
    )


def kernels(
    channels: int = 64,
    map_size: int = 56,
    *,
    repeats: int = REPEATS,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 1,
    budget_s: float = 1.0,
    tell: clock.Tell = clock.unheard,
) -> Kernels:
    """A 1x1 against a 3x3 convolution, ``(1, channels, map_size, map_size)`` to the same, timed in turn.

    The 1x1 has exactly a ninth of the MACs. The default is the first stage of an ImageNet network.
    """
    place = devices.resolve(device)
    source = torch.Generator().manual_seed(seed)

    def conv(kernel: int) -> Callable[[], Tensor]:
        weight = torch.randn(channels, channels, kernel, kernel, generator=source).to(place)
        return lambda: functional.conv2d(x, weight, padding=kernel // 2)

    with clock.use_threads(threads), torch.inference_mode():
        x = torch.randn(1, channels, map_size, map_size, generator=source).to(place)
        load = clock.OtherLoad()
        one, three = clock.in_turn([conv(1), conv(3)], place, repeats, budget_s, tell)
        facts = provenance(device, seed, load)
    macs = channels * channels * map_size * map_size
    return Kernels(channels, map_size, macs, 9 * macs, one, three, **facts)


def measurable(spec: ArchSpec, batch_size: int, device: str) -> Ledger:
    """The ledger of a network that can be timed here; a refusal before anything is allocated."""
    refuse_inference_if_too_large(spec, batch_size, available=devices.free_bytes(device))
    return count(spec)


def images(spec: ArchSpec, batch_size: int, seed: int, place: torch.device) -> Tensor:
    """Normal numbers ``(batch_size, in_channels, H, W)``."""
    shape = batch_size, spec.in_channels, *spec.image_shape
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(place)


def provenance(device: str, seed: int, load: clock.OtherLoad) -> dict[str, Any]:
    """Where and how times were taken, and what disturbed them: the fields that the records share."""
    return {
        **devices.provenance(device, seed, load.started),
        "busy_cores": load.cores(),
        "cores": psutil.cpu_count() or 1,
    }


class Passes(Listener):
    """Times whole passes of a network, and while a long one goes on, tells at each unit how far it is.

    The share is that of the bytes that a pass moves: its time follows them more closely than the number of units or the
    multiply-adds, of which the first stage has no more than the last (ResNet-50, batch 128, on a processor).
    """

    def __init__(self, model: ResNet, place: torch.device) -> None:
        super().__init__(model)
        self._shares = shares_before(count(model.spec))
        self._place = place
        self._tell: clock.Tell = clock.unheard
        self._long = True  # until the first is over

    def time(self, inputs: Tensor, tell: clock.Tell) -> float:
        """The wall time of one pass, in seconds."""
        self._tell = tell
        with self if self._long else nullcontext():
            taken = clock.once(lambda: self._model(inputs), self._place)
        self._long = taken > LONG_S
        return taken

    def arriving(self, unit: int, _x: Tensor) -> None:
        """A unit begins."""
        self._tell(self._shares[unit])


def shares_before(ledger: Ledger) -> tuple[float, ...]:
    """For each unit, the share of all bytes read and written that are moved before it."""
    moved, starts, place = 0, [], (0, 0)
    for row in ledger.rows:
        if row.stage and (row.stage, row.block) != place:
            place = row.stage, row.block
            starts.append(moved)
        moved += row.read_bytes + row.written_bytes
    return tuple(start / moved for start in starts)
