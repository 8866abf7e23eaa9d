"""The experiment that a link holds, and the link of an experiment. Pure text in and out; values are language-neutral.

``?a=cifar56&b=cifar56&b.width=32&seed=0&train.epochs=10&lang=ko``: a preset for each network, then the fields in which
it differs, written as after ``--set``; up to two more networks for a race, ``c`` and ``d``; the fields of the training
recipe that are not the default; how many seeds each network is trained from; the options of a study that are not the
default (``gradients.batch_size=64``; its seed is the link's); the open block, the runs and the kept study on show.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from app.slots import RACERS, SLOTS, Slot
from app.text import LANGUAGES
from resnet_core.cost.ledger import count
from resnet_core.cost.memory import refuse_if_too_many
from resnet_core.errors import N_, Refusal
from resnet_core.fields import Specification, shorten, shown, to_text
from resnet_core.jobs.store import ID
from resnet_core.presets import Preset, preset, preset_named_by, presets
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.studies import STUDIES

S = TypeVar("S", bound=Specification)
MOST_SEEDS = 5
TRAINED = "trained"
BLOCK = re.compile("[0-9]{1,4}")
MOST_RUNS = MOST_SEEDS * len(RACERS)
RUN_IDS = re.compile(rf"[A-Za-z0-9_-]{{4,64}}([.][A-Za-z0-9_-]{{4,64}}){{0,{MOST_RUNS - 1}}}")


class Network(NamedTuple):
    """A network and the preset from which a visitor came to it."""

    base: str
    spec: ArchSpec

    @property
    def title(self) -> str:
        """The preset, and the fields in which the network differs from it: ``cifar56, width=32``."""
        changes = preset(self.base).differences(self.spec)
        return ", ".join([self.base, *(f"{name}={shown(value)}" for name, (_, value) in changes.items())])

    @property
    def row(self) -> Preset | None:
        """The preset that this network is, with its evidence; None once anything in it is changed."""
        row = presets()[self.base]
        return row if row.spec == self.spec else None

    def changed(self, spec: ArchSpec) -> "Network":
        """The network after a change: it takes the name of a preset that it has become. Refuses a giant."""
        refuse_if_too_many(count(spec))
        return Network(preset_named_by(spec) or self.base, spec)

    def recut(self, cuts: Mapping[int, bool]) -> "Network":
        """The network with the shortcuts of some blocks cut (True) or back (False); blocks are counted from 1.

        A network without any is the plain one: its arcs are all cut, and the first that is back switches skips on.
        """
        blocks = range(1, sum(self.spec.stages) + 1)
        cut = {block for block in blocks if cuts.get(block, not self.spec.has_shortcut(block))}
        if len(cut) == len(blocks):
            return self.changed(self.spec.with_(skip=False, cut=()))
        return self.changed(self.spec.with_(skip=True, cut=tuple(sorted(cut))))


def network(name: str) -> Network:
    """The network of a preset."""
    return Network(name, preset(name))


def network_of(spec: ArchSpec) -> Network:
    """A network that comes from elsewhere, beside the preset from which it differs least. Refuses a giant."""
    nearest = min(presets().values(), key=lambda row: len(row.spec.differences(spec)))
    return network(nearest.name).changed(spec)


@dataclass(frozen=True)
class Experiment:
    """Everything that a link holds, but for the page, which is its path."""

    a: Network = field(default_factory=lambda: network("cifar56"))
    b: Network = field(default_factory=lambda: network("plain56"))
    c: Network | None = None
    d: Network | None = None
    train: TrainSpec = field(default_factory=TrainSpec)
    seeds: int = 1  # each network is trained from so many seeds, counted up from that of the recipe
    run: str = ""
    study: str = ""
    block: int = 0  # that is open on the stage, counted from 1 through the network; 0: the ordinary one
    weights: str = ""  # with which the networks are measured: their first, or TRAINED
    studies: Mapping[str, Specification] = field(default_factory=dict)  # only what is not the default
    language: str = "en"

    def network(self, slot: Slot) -> Network:
        """The network of a slot that holds one; A and B always do."""
        found = getattr(self, slot)
        assert isinstance(found, Network), slot
        return found

    @property
    def racers(self) -> dict[Slot, Network]:
        """The networks that train together."""
        return {slot: self.network(slot) for slot in RACERS if getattr(self, slot) is not None}

    def options(self, study: str) -> Specification:
        """The options of a study, on the seed of the experiment where it has one."""
        chosen = self.studies.get(study) or STUDIES[study].options()
        return chosen.with_(seed=self.train.seed) if "seed" in type(chosen).model_fields else chosen

    def with_options(self, study: str, chosen: Specification) -> "Experiment":
        """The experiment with other options of a study."""
        return replace(self, studies={**self.studies, study: chosen})

    def with_network(self, slot: Slot, changed: Network | None) -> "Experiment":
        """The experiment with another network in a slot, or with none in C or D."""
        assert changed is not None or slot not in SLOTS
        return replace(self, **{slot: changed})  # type: ignore[arg-type]


def write(experiment: Experiment) -> dict[str, str]:
    """The link's parameters, in a fixed order."""
    link: dict[str, str] = {}
    for slot, (base, spec) in experiment.racers.items():
        link[slot] = base
        for name, (_, value) in preset(base).differences(spec).items():
            link[f"{slot}.{name}"] = to_text(value)
    link["seed"] = str(experiment.train.seed)
    for name, (_, value) in TrainSpec().differences(experiment.train).items():
        if name != "seed":
            link[f"train.{name}"] = to_text(value)
    for study, chosen in experiment.studies.items():
        for name, (_, value) in type(chosen)().differences(chosen).items():
            if name != "seed":
                link[f"{study}.{name}"] = to_text(value)
    if experiment.seeds != 1:
        link["seeds"] = str(experiment.seeds)
    if experiment.run:
        link["run"] = experiment.run
    if experiment.weights:
        link["weights"] = experiment.weights
    if experiment.block:
        link["block"] = str(experiment.block)
    if experiment.study:
        link["study"] = experiment.study
    link["lang"] = experiment.language
    return link


def read(link: Mapping[str, str], start: Experiment) -> tuple[Experiment, list[Refusal]]:
    """The experiment of a link, and a sentence for each part that had to be ignored.

    What the link does not name is as in ``start``; a part that cannot be used leaves the rest of the link valid.
    """
    rest = dict(link)
    problems: list[Refusal] = []
    experiment = start
    for slot in RACERS:
        if slot in rest or slot in start.racers:
            experiment = experiment.with_network(slot, _network(slot, rest, start.racers.get(slot), problems))
    for study, declared in STUDIES.items():
        if asked := _take(rest, f"{study}."):
            chosen = start.studies.get(study) or declared.options()
            experiment = experiment.with_options(study, _apply(chosen, asked, problems))
    changes = _take(rest, "train.")
    if "seed" in rest:
        changes["seed"] = rest.pop("seed")
    language = rest.pop("lang", start.language)
    run = rest.pop("run", "")
    seeds = rest.pop("seeds", str(start.seeds))
    if seeds not in map(str, range(1, MOST_SEEDS + 1)):
        problems.append(Refusal(N_("The link asks for {seeds} seeds; a network is trained from 1 to {most}."),
                                seeds=shorten(seeds), most=MOST_SEEDS))  # fmt: skip
        seeds = str(start.seeds)
    if run and not RUN_IDS.fullmatch(run):
        problems.append(Refusal(N_("The link names the run {run}, which cannot be one."), run=shorten(run)))
        run = ""
    kept = rest.pop("study", "")
    if kept and not ID.fullmatch(kept):
        problems.append(Refusal(N_("The link names the study {study}, which cannot be one."), study=shorten(kept)))
        kept = ""
    block = rest.pop("block", str(start.block))
    if not BLOCK.fullmatch(block):
        problems.append(Refusal(N_("The link opens block {block}; blocks are counted from 1."), block=shorten(block)))
        block = "0"
    weights = rest.pop("weights", start.weights)
    if weights not in ("", TRAINED):
        problems.append(Refusal(N_("The link asks for weights {weights}; there are first ones and trained ones."),
                                weights=shorten(weights)))  # fmt: skip
        weights = ""
    if language not in LANGUAGES:
        problems.append(Refusal(N_("The link asks for the language {name}; there are {languages}."),
                                name=shorten(language), languages=", ".join(LANGUAGES)))  # fmt: skip
        language = start.language
    problems += [
        Refusal(N_("The link's part {name} is not known here, perhaps from another version; it was ignored."),
                name=shorten(name))
        for name in rest
    ]  # fmt: skip
    train = _apply(start.train, changes, problems)
    experiment = replace(
        experiment, train=train, seeds=int(seeds), run=run, study=kept, block=int(block), weights=weights
    )
    return replace(experiment, language=language), problems


def _network(slot: Slot, rest: dict[str, str], start: Network | None, problems: list[Refusal]) -> Network | None:
    """The network of a slot, taken out of ``rest``; what cannot be used leaves the preset, or what was there."""
    named, changes, base = rest.pop(slot, None), _take(rest, f"{slot}."), start
    try:
        base = network(named) if named is not None else start
    except Refusal as refusal:
        problems.append(refusal)
    if base is None:
        return None
    try:
        return base.changed(_apply(base.spec, changes, problems))
    except Refusal as refusal:
        problems.append(refusal)
        return base


def _take(rest: dict[str, str], prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): rest.pop(key) for key in list(rest) if key.startswith(prefix)}


def _apply(spec: S, changes: Mapping[str, str], problems: list[Refusal]) -> S:
    """All changes at once, for some hold only together; where that fails, each that holds by itself."""
    try:
        return spec.with_(**changes)
    except Refusal:
        kept = spec
        for name, value in changes.items():
            try:
                kept = kept.with_(**{name: value})
            except Refusal as refusal:
                problems.append(refusal)
        return kept
