"""The table of what a child process may be asked to do. No torch here: names, not functions.

Each task is a generator function, named ``module:function`` and imported in the child alone, that takes plain JSON
values and yields records.
"""

from dataclasses import dataclass
from typing import Any, Literal

from resnet_core.cost.witnesses import ToolCount
from resnet_core.export.records import OnnxFile
from resnet_core.probe.records import DeviceList, GradientFlow, Kernels, Latency, Roofline
from resnet_core.train.records import ArchiveFacts, FetchProgress, RunHeader, Settings, StepRecord

Kind = Literal["train", "probe"]


@dataclass(frozen=True, slots=True)
class Task:
    """``kind`` says whose slots it takes: a training's, or the few that answer within seconds. ``stays``: its child
    may take another order afterwards."""

    function: str
    kind: Kind
    stays: bool = False


TASKS: dict[str, Task] = {
    "train": Task("resnet_core.jobs.work:train", "train"),
    "settle": Task("resnet_core.jobs.work:settle", "probe", stays=True),
    "gradients": Task("resnet_core.jobs.work:gradients", "probe", stays=True),
    "tools": Task("resnet_core.jobs.work:tools", "probe"),
    "latency": Task("resnet_core.jobs.work:latency", "probe"),
    "roofline": Task("resnet_core.jobs.work:roofline", "probe"),
    "onnx": Task("resnet_core.jobs.work:onnx", "probe"),
    "fetch": Task("resnet_core.jobs.work:fetch", "probe"),
    "accept": Task("resnet_core.jobs.work:accept", "probe"),
    "devices": Task("resnet_core.jobs.work:devices", "probe", stays=True),
}

RECORDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        RunHeader, StepRecord, Settings, GradientFlow, ToolCount, Latency, Kernels, Roofline, OnnxFile, DeviceList,
        FetchProgress, ArchiveFacts,
    )
}  # fmt: skip
