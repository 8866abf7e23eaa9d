"""Who races: the runs on show, grouped by what was trained, each group in a place of its own."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from app.slots import RACERS, Slot
from app.text.sentences import Result
from resnet_core.jobs.store import Status
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.train.facts import facts_if_kept, steps_per_epoch
from resnet_core.train.records import RunHeader
from resnet_core.train.tape import Tape


class Run(Protocol):
    """What a page needs of a run, be it alive or read from its folder."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def args(self) -> tuple[Any, ...]: ...
    @property
    def status(self) -> Status: ...
    @property
    def finished(self) -> bool: ...
    @property
    def header(self) -> RunHeader | None: ...
    @property
    def tape(self) -> Tape: ...


class Racer(NamedTuple):
    """One network with its runs, which differ in their seed alone."""

    slot: Slot
    name: str
    spec: ArchSpec
    how: TrainSpec
    runs: tuple[Run, ...]

    @property
    def ids(self) -> list[str]:
        """The ids of its runs."""
        return [run.id for run in self.runs]

    @property
    def units(self) -> int:
        """Its residual units."""
        return sum(self.spec.stages)

    @property
    def per_epoch(self) -> int | None:
        """Steps in one pass over the training images: as a run tells it, whose images may not be kept any more, else as
        the images do; None where neither is there."""
        told = next((run.header.steps_per_epoch for run in self.runs if run.header), None)
        if told is None and facts_if_kept(self.how.images):
            return steps_per_epoch(self.how.images, self.how.batch_size)
        return told

    @property
    def classes(self) -> int:
        """The classes that it learns to tell apart, as its images have them, else as a run tells."""
        if known := facts_if_kept(self.how.images):
            return known.classes
        told = (run.header.fitted.get("num_classes") for run in self.runs if run.header)
        return next((classes for classes in told if classes), self.spec.num_classes)

    @property
    def epochs(self) -> float | None:
        """How many passes it is to make; None where a budget of time decides or the length of a pass is not known."""
        if self.how.seconds:
            return None
        if self.how.steps:
            return self.how.steps / self.per_epoch if self.per_epoch else None
        return self.how.epochs

    @property
    def result(self) -> Result:
        """How it ended, or where it stands."""
        accuracies = tuple(run.tape.tests[-1].accuracy for run in self.runs if run.tape.tests)
        whole = all(run.status == "done" for run in self.runs)
        known = facts_if_kept(self.how.images)
        return Result(self.name, accuracies, known.test if known else None, whole)


def racers(runs: Sequence[Run]) -> list[Racer]:
    """The runs by network and recipe, in the order in which they were named; at most as many as there are places.

    Two networks that are the same race in two places: one place never has two runs of one seed.
    """
    asked = [(ArchSpec(**run.args[0]), TrainSpec(**run.args[1])) for run in runs]
    found: list[Racer] = []
    for run, (spec, how), place in zip(runs, asked, places(asked), strict=True):
        if place == len(found) < len(RACERS):
            found.append(Racer(RACERS[place], run.label, spec, how, (run,)))
        elif place < len(found):
            found[place] = found[place]._replace(runs=(*found[place].runs, run))
    return found


def places(asked: Sequence[tuple[ArchSpec, TrainSpec]]) -> list[int]:
    """The place of each training, counted from 0 without end: those that differ in their seed alone share one."""
    known: list[tuple[ArchSpec, TrainSpec, set[int]]] = []
    found = []
    for spec, how in asked:
        for place, (first, recipe, seeds) in enumerate(known):
            if first == spec and recipe.with_(seed=how.seed) == how and how.seed not in seeds:
                seeds.add(how.seed)
                found.append(place)
                break
        else:
            found.append(len(known))
            known.append((spec, how, {how.seed}))
    return found
