"""The tasks themselves, as they run in a child: plain values in, records out. Imports torch."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from resnet_core import devices as machine
from resnet_core.cost import witnesses
from resnet_core.export.onnx import onnx_file
from resnet_core.export.records import OnnxFile
from resnet_core.probe.gradients import gradient_flow
from resnet_core.probe.latency import kernels, latencies
from resnet_core.probe.records import DeviceList, GradientFlow, Kernels, Latency, Roofline
from resnet_core.probe.roofline import rooflines
from resnet_core.recipe import DataChoice, TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.train import checkpoint, loop, sets
from resnet_core.train.records import ArchiveFacts, FetchProgress, RunHeader, Settings, StepRecord
from resnet_core.train.tuning import measure_settings

TELL_S = 0.2  # between two words on how far a download is


def train(
    arch: dict[str, Any],
    how: dict[str, Any],
    *,
    folder: str | None = None,
    after: int = 0,
    warn: Any = None,
    hold: Any = None,
) -> Generator[RunHeader | StepRecord, None, None]:
    """The run's header, then one record a step.

    With ``folder`` the training keeps its weights there, and goes on from what it finds. It may have got further than
    its last checkpoint: those steps are done again, to the same numbers, and the records up to ``after``, which stand
    in the folder, are not told twice. ``hold`` is called in the middle of a step and may wait.
    """
    spec, train_spec = ArchSpec(**arch), TrainSpec(**how)
    place = Path(folder) if folder else None
    resume = place is not None and checkpoint.kept(place)
    given = {name: call for name, call in (("warn", warn), ("hold", hold)) if call}
    steps = loop.train(spec, train_spec, folder=place, resume=resume, after=after, **given)
    with closing(steps):  # at a stop, the weights are written
        yield loop.run_header(spec, train_spec)
        for record in steps:
            if record.step > after:
                yield record


def settle(archs: list[dict[str, Any]], how: dict[str, Any]) -> Iterator[Settings]:
    """What ``auto`` in a recipe comes to for all the networks of a race together."""
    yield measure_settings([ArchSpec(**arch) for arch in archs], TrainSpec(**how))


def accept(file: str, side: int) -> Iterator[ArchiveFacts]:
    """Check a visitor's archive and keep its images."""
    yield sets.accept_archive(Path(file), side=side)


def gradients(
    arch: dict[str, Any], seed: int = 0, device: str = "cpu", batch_size: int = 128
) -> Iterator[GradientFlow]:
    """One measurement of the gradient that reaches each residual unit."""
    yield gradient_flow(ArchSpec(**arch), seed=seed, device=device, batch_size=batch_size)


def tools(arch: dict[str, Any], which: str) -> Iterator[witnesses.ToolCount]:
    """One counting tool's view of the network."""
    yield witnesses.ask(which, ArchSpec(**arch))


def latency(
    archs: list[dict[str, Any]], seed: int = 0, device: str = "cpu", batch_size: int = 1
) -> Iterator[Latency | Kernels]:
    """The latency of each network, timed in turn, in their order; then a 1x1 against a 3x3 convolution."""
    threads = machine.threads_here()
    specs = [ArchSpec(**arch) for arch in archs]
    yield from latencies(specs, seed=seed, device=device, batch_size=batch_size, threads=threads)
    yield kernels(seed=seed, device=device, threads=threads)


def roofline(
    archs: list[dict[str, Any]], seed: int = 0, device: str = "cpu", batch_size: int = 1
) -> Iterator[Roofline]:
    """What each kind of layer of each network achieves, in their order."""
    specs = [ArchSpec(**arch) for arch in archs]
    threads = machine.threads_here()
    yield from rooflines(specs, seed=seed, device=device, batch_size=batch_size, threads=threads)


def onnx(arch: dict[str, Any], seed: int = 0) -> Iterator[OnnxFile]:
    """The network as an ONNX file."""
    yield onnx_file(ArchSpec(**arch), seed)


def fetch(name: str, side: int = 32, archive: str = "") -> Iterator[FetchProgress]:
    """A published data set, downloaded and decoded if it is not here: how far it is, at most five times a second."""
    told_at = 0.0
    for progress in sets.fetching(DataChoice(name, side, archive)):
        if time.monotonic() - told_at >= TELL_S or progress.done_bytes == progress.total_bytes:
            told_at = time.monotonic()
            yield progress


def devices() -> Iterator[DeviceList]:
    """The devices of this machine."""
    names = machine.available()
    yield DeviceList(tuple(names), tuple(machine.device_name(name) for name in names))
