"""The tasks themselves, as they run in a child: plain values in, records out. Imports torch."""

from collections.abc import Iterator
from typing import Any

from resnet_core.cost import witnesses
from resnet_core.probe.gradients import gradient_flow
from resnet_core.probe.records import DeviceList, GradientFlow
from resnet_core.spec import ArchSpec, TrainSpec
from resnet_core.train import devices as machine
from resnet_core.train import loop
from resnet_core.train.records import RunHeader, StepRecord


def train(arch: dict[str, Any], how: dict[str, Any]) -> Iterator[RunHeader | StepRecord]:
    """The run's header, then one record a step."""
    spec, train_spec = ArchSpec(**arch), TrainSpec(**how)
    steps = loop.train(spec, train_spec)
    yield loop.run_header(spec, train_spec)
    yield from steps


def gradients(
    arch: dict[str, Any], seed: int = 0, device: str = "cpu", batch_size: int = 128
) -> Iterator[GradientFlow]:
    """One measurement of the gradient that reaches each residual unit."""
    yield gradient_flow(ArchSpec(**arch), seed=seed, device=device, batch_size=batch_size)


def tools(arch: dict[str, Any], which: str) -> Iterator[witnesses.ToolCount]:
    """One counting tool's view of the network."""
    yield witnesses.ask(which, ArchSpec(**arch))


def devices() -> Iterator[DeviceList]:
    """The devices of this machine."""
    names = machine.available()
    yield DeviceList(tuple(names), tuple(machine.device_name(name) for name in names))
