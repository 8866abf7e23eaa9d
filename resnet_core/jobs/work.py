"""The tasks themselves, as they run in a child: plain values in, records out. Imports torch."""

from collections.abc import Generator, Iterator
from typing import Any

from resnet_core.cost import witnesses
from resnet_core.export.onnx import onnx_file
from resnet_core.export.records import OnnxFile
from resnet_core.probe.gradients import gradient_flow
from resnet_core.probe.latency import kernels, latencies
from resnet_core.probe.records import DeviceList, GradientFlow, Kernels, Latency, Roofline
from resnet_core.probe.roofline import rooflines
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.train import devices as machine
from resnet_core.train import loop
from resnet_core.train.records import RunHeader, StepRecord


def train(
    arch: dict[str, Any], how: dict[str, Any], *, folder: str | None = None, after: int = 0, warn: Any = None
) -> Generator[RunHeader | StepRecord, None, None]:
    """The run's header, then one record a step.

    With ``folder`` the training keeps its weights there, and goes on from what it finds. It may have got further than
    its last checkpoint: those steps are done again, to the same numbers, and the records up to ``after``, which stand
    in the folder, are not told twice.
    """
    spec, train_spec = ArchSpec(**arch), TrainSpec(**how)
    steps = loop.train(spec, train_spec)
    yield loop.run_header(spec, train_spec)
    for record in steps:
        if record.step > after:
            yield record


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


def devices() -> Iterator[DeviceList]:
    """The devices of this machine."""
    names = machine.available()
    yield DeviceList(tuple(names), tuple(machine.device_name(name) for name in names))
