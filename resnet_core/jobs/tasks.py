"""The table of what a child process may be asked to do. No torch here: names, not functions.

Every study is a task under its name. Five tasks are none, and have the same progress, cancel and retry:

- ``train`` changes weights and goes on for hours: its records are steps of one network, with a player that steers them.
- ``fetch`` brings a published data set here: about files, not networks; its result is the files.
- ``accept`` checks a visitor's archive and keeps its images: again files.
- ``samples`` takes out the test images whose answers a race shows: no network takes part.
- ``devices`` asks the machine, once, what it has; no network takes part.

Each is a generator function, named ``module:function`` and imported in the child alone, that takes plain JSON values
and yields records; all but ``train``, whose steps are its progress, take a :class:`resnet_core.study.Progress` last. A
study's takes its networks and options instead of JSON.
"""

from dataclasses import dataclass
from typing import Any, Literal

from resnet_core.records import Record
from resnet_core.studies import STUDIES
from resnet_core.study import Study
from resnet_core.train.records import ArchiveFacts, RunHeader, StepRecord
from resnet_core.train.samples import Samples

Kind = Literal["train", "probe", "timing"]


@dataclass(frozen=True, slots=True)
class DeviceList(Record):
    """The devices of this machine: ``names`` as a specification has them, ``titles`` as their makers call them."""

    names: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """``kind`` says whose slots it takes: a training's, the few that answer within seconds, or the only one of what
    takes the time of something, which two of a kind would falsify and which may be long. ``stays``: its child
    may take another order afterwards. ``writes``: it has files to close before it is ended."""

    run: str
    kind: Kind = "probe"
    stays: bool = False
    writes: bool = False
    study: Study[Any] | None = None


TASKS: dict[str, Task] = {
    "train": Task("resnet_core.jobs.work:train", "train", writes=True),
    "fetch": Task("resnet_core.jobs.work:fetch", writes=True),
    "accept": Task("resnet_core.jobs.work:accept", writes=True),
    "samples": Task("resnet_core.jobs.work:samples", stays=True),
    "devices": Task("resnet_core.jobs.work:devices", stays=True),
    **{
        study.name: Task(study.run, "timing" if study.timed else "probe", study.stays, study=study)
        for study in STUDIES.values()
    },
}

RECORDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        RunHeader,
        StepRecord,
        ArchiveFacts,
        DeviceList,
        Samples,
        *(study.record for study in STUDIES.values()),
    )
}
