"""The tasks that are no studies, as they run in a child: plain values in, records out. Imports torch."""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from resnet_core import devices as machine
from resnet_core.errors import N_
from resnet_core.jobs.tasks import DeviceList
from resnet_core.probe import networks
from resnet_core.recipe import DataChoice, TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.study import Progress
from resnet_core.train import checkpoint, loop, sets
from resnet_core.train.data import load
from resnet_core.train.facts import facts
from resnet_core.train.records import ArchiveFacts, RunHeader, StepRecord
from resnet_core.train.samples import Samples
from resnet_core.train.samples import samples as shown


def train(
    arch: dict[str, Any],
    how: dict[str, Any],
    *,
    folder: str | None = None,
    after: int = 0,
    warn: Any = None,
    hold: Any = None,
    ready: Any = None,
) -> Generator[RunHeader | StepRecord, None, None]:
    """The run's header, then one record a step.

    With ``folder`` the training keeps its weights there, and goes on from what it finds. It may have got further than
    its last checkpoint: those steps are done again, to the same numbers, and the records up to ``after``, which stand
    in the folder, are not told twice. ``hold`` is called in the middle of a step and may wait, ``ready`` before the
    first.
    """
    spec, train_spec = ArchSpec(**arch), TrainSpec(**how)
    place = Path(folder) if folder else None
    resume = place is not None and checkpoint.kept(place)
    given = {name: call for name, call in (("warn", warn), ("hold", hold), ("ready", ready)) if call}
    steps = loop.train(spec, train_spec, folder=place, resume=resume, after=after, **given)
    with closing(steps):  # at a stop, the weights are written
        yield loop.run_header(spec, train_spec)
        for record in steps:
            if record.step > after:
                yield record


def fetch(name: str, side: int, archive: str, progress: Progress) -> Iterator[Any]:
    """A published data set, downloaded and decoded if it is not here. It yields nothing: its result are the files."""
    networks.fetch(DataChoice(name, side, archive), progress)
    yield from ()


def accept(file: str, side: int, progress: Progress) -> Iterator[ArchiveFacts]:
    """Check a visitor's archive and keep its images."""

    def told(done: int, of: int) -> None:
        progress(done, of, N_("Checking each image: {done} of {all}"), done=f"{done:,}", all=f"{of:,}")

    yield sets.accept_archive(Path(file), side=side, progress=told)


def samples(name: str, side: int, archive: str, _progress: Progress) -> Iterator[Samples]:
    """The test images whose answers are followed, of data that are here."""
    choice = DataChoice(name, side, archive)
    images = load(choice)
    yield shown(images.test_pixels.numpy(), images.test_labels.numpy(), facts(choice).brightest)


def devices(_progress: Progress) -> Iterator[DeviceList]:
    """The devices of this machine."""
    names = machine.available()
    yield DeviceList(tuple(names), tuple(machine.device_name(name) for name in names))
