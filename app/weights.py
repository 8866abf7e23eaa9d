"""Whose weights the networks on show are measured with: their first ones, or those that a training left."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from app import cache, state
from app.asked import of_networks
from app.link import TRAINED
from app.slots import Slot
from resnet_core.errors import Refusal
from resnet_core.jobs.kept import trained
from resnet_core.jobs.store import folder_of
from resnet_core.recipe import DataChoice, TrainSpec
from resnet_core.recorded import RACE
from resnet_core.recorded import RUNS as RECORDED
from resnet_core.spec import ArchSpec
from resnet_core.study import Subject
from resnet_core.train.facts import fit


class Weighed(NamedTuple):
    """Networks ready to be measured, and the options that follow from how they were trained.

    ``trained``: whether all of them have trained weights; ``recorded``: whether these ship with the project.
    """

    networks: Mapping[Slot, Subject]
    options: Mapping[str, Any]
    trained: bool
    recorded: bool = False


def offered(*slots: Slot) -> Weighed | None:
    """The networks in these slots with trained weights: those of the run on show, else recorded ones; None where one of
    them was never trained."""
    found: dict[Slot, Subject] = {}
    options: Mapping[str, Any] = {}
    recorded = False
    for slot, subject in of_networks(*slots).items():
        for folder in _folders():
            if known := _weights(folder, subject.spec):
                found[slot] = subject._replace(spec=known[0].spec, weights=known[0].weights)
                options, recorded = known[1], recorded or folder.parent == RECORDED
                break
        else:
            return None
    return Weighed(found, options, trained=True, recorded=recorded)


def chosen(*slots: Slot) -> Weighed:
    """As the link has it; first weights where no others are there."""
    if state.experiment().weights == TRAINED and (found := offered(*slots)):
        return found
    return Weighed(of_networks(*slots), {}, trained=False)


class Left(NamedTuple):
    """A network with the weights that a training left, and the options that follow from its recipe."""

    subject: Subject
    options: Mapping[str, Any]


def left_by(run: str) -> Left | None:
    """What a run left, one of this server's or one that ships with the project; None where it left no weights."""
    folder = folder_of(cache.desk().root, run)
    for place in (folder, RECORDED / run if run in RACE else None):
        try:
            if place is not None and place.exists():
                return Left(*trained(place))
        except Refusal:
            continue
    return None


def _folders() -> list[Path]:
    runs = state.experiment().run.split(".")
    own = [folder for run in runs if (folder := folder_of(cache.desk().root, run))]
    return [*own, *(RECORDED / name for name in RACE)]


def _weights(folder: Path, spec: ArchSpec) -> tuple[Subject, Mapping[str, Any]] | None:
    """The trained network in a folder, if it is this one."""
    try:
        subject, options = trained(folder)
        images = TrainSpec(**options).images
        return (subject, options) if subject.spec == fit(spec, DataChoice(*images)) else None
    except (Refusal, KeyError, TypeError, ValueError):
        return None
