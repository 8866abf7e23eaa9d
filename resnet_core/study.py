"""A study: one measurement on networks, declared once. No torch here.

From a :class:`Study` follow its job, progress and cancel, its cache key, its section on the page, its command, its part
of the link and its file. A new one is a file in :mod:`resnet_core.probe` (options, record, :class:`Study` and
``measure``), a file in ``app/figures`` that draws its records, and a line in :mod:`resnet_core.studies`.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Generic, NamedTuple, Protocol, Self, TypeVar

from pydantic import Field

from resnet_core.errors import N_, Refusal
from resnet_core.fields import Specification
from resnet_core.recipe import Data, DataChoice, Device, TrainSpec
from resnet_core.records import Provenance
from resnet_core.spec import ArchSpec


class Progress(Protocol):
    """How a study tells how far it is: ``done`` of ``of`` in any unit, and what it does now, an English message id.

    It may be called as often as one likes: what comes too soon after the last word is not passed on.
    """

    def __call__(self, done: float, of: float, words: str, /, **values: Any) -> None: ...


def unheard(_done: float, _of: float, _words: str, /, **_values: Any) -> None:
    """The progress of a study to which nobody listens."""


class Counter:
    """Tells of a known number of equal pieces, one at each call."""

    def __init__(self, progress: Progress, of: int, words: str, **values: Any) -> None:
        self._progress, self._of, self._words, self._values = progress, of, words, values
        self._done = 0
        progress(0, of, words, **values)

    def __call__(self) -> None:
        """One more is done."""
        self._done += 1
        self._progress(min(self._done, self._of), self._of, self._words, **self._values)


class Subject(NamedTuple):
    """A network as a study meets it.

    ``place`` counts the networks of one study from 0. ``weights``: a file of trained weights (safetensors, a state_dict
    of exactly this network); without one it is built freshly from the study's seed.
    """

    name: str
    spec: ArchSpec
    place: int = 0
    weights: Path | None = None

    @property
    def mark(self) -> dict[str, Any]:
        """The fields of a record that say which network it is about."""
        return {"network": self.name, "place": self.place}

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        weights = None if self.weights is None else str(self.weights)
        return {"name": self.name, "arch": self.spec.model_dump(mode="json"), "weights": weights}

    @property
    def taken_along(self) -> Self:
        """As it is written down: the weights by their run and file, and not by a path of this machine."""
        return self if self.weights is None else self._replace(weights=Path(*self.weights.parts[-2:]))

    @classmethod
    def from_dict(cls, values: Any, place: int) -> Self:
        """From plain JSON values. ``arch`` may lack fields that came later; KeyError without one.

        TypeError, ValueError: these are no network's.
        """
        if not isinstance(values, Mapping):
            raise TypeError("a network is an object with its name and its specification")
        weights = values.get("weights")
        return cls(str(values["name"]), ArchSpec(**values["arch"]), place, Path(weights) if weights else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Provenance):
    """The base of a study's records: which of its networks the record is about, beside where and how it was measured.

    ``network`` is its name, ``place`` its number among the networks of the study, from 0. The lists of a record run in
    parallel: the entries of one number belong together. A list that is empty unless it is given may be absent from an
    earlier version's record.

    A record is checked when it is made or read, so that a figure can draw each that there is: ValueError otherwise.
    """

    network: str = ""
    place: int = 0

    def __post_init__(self) -> None:
        lists = ((getattr(self, field.name), field.default == ()) for field in fields(self))
        if len({len(values) for values, absent in lists if isinstance(values, tuple) and (values or not absent)}) > 1:
            raise ValueError("the lists of a record are of one length")
        if missing := [name for name in self.measured_by() if name not in self.versions]:
            raise ValueError(f"a record names the version of {', '.join(missing)}")

    def measured_by(self) -> tuple[str, ...]:
        """The packages whose versions it must name."""
        return ("torch",)

    @property
    def derived(self) -> Mapping[str, float]:
        """What follows from it and is read first, by name with its unit."""
        return {}

    def stands_beside(self, _other: Self) -> bool:
        """Whether one figure can show both."""
        return True


Units = Annotated[tuple[str, ...], Field(min_length=1)]  # a record's names of the residual units
R = TypeVar("R", bound=Finding)
SEED = N_("Decides the first weights and whatever else is drawn by chance.")  # where no training's batch is shown


@dataclass(frozen=True)
class Study(Generic[R]):
    """One measurement, declared.

    ``name``: in links and commands. ``title`` and ``says``, what is done in a plain sentence: message ids. ``source``:
    the paper and equation, or the tool. The widgets, flags, link and cache key follow from the field table of
    ``options``. ``run`` names the function, imported in the child alone: ``measure(networks, options, progress)``, a
    generator that yields records, as many a network as it likes.

    ``together``: the networks are measured in turn in one job, for they are compared; else each has a job of its own,
    which all visitors share. ``timed``: the answer is of a moment, so each asking measures anew, and no two at once.
    ``weights``: trained weights can be measured, not only first ones. ``networks``: it is about networks at all.
    ``stays``: it is short, so that its child may take another order. ``large``: its record is a file, of which few are
    remembered. ``drawn``: the options that choose only what of a record is drawn; its figure takes them by name, and
    nothing is measured anew.
    ``limit`` refuses a network and options that could not be measured anyway, without torch, before a child is asked.
    """

    name: str
    title: str
    source: str
    options: type[Specification]
    record: type[R]
    run: str
    together: bool = False
    timed: bool = False
    weights: bool = False
    networks: bool = True
    large: bool = False
    limit: Callable[[ArchSpec, Any], None] | None = None
    stays: bool = False
    drawn: tuple[str, ...] = ()
    says: str = ""

    def refuse(self, networks: Sequence[Subject], options: Specification) -> None:
        """A :class:`Refusal` where these cannot be its networks, or are beyond its limit."""
        if self.networks and not networks:
            raise Refusal(N_("Name the network, a preset such as cifar56; `presets` prints them."))
        if networks and not self.networks:
            raise Refusal(N_("The study {study} measures this machine and takes no network."), study=self.name)
        trained = [network.name for network in networks if network.weights]
        if trained and not self.weights:
            raise Refusal(
                N_("The study {study} does not depend on the weights, so it takes no kept run; name the network "
                   "instead of {runs}."),
                study=self.name, runs=", ".join(trained),
            )  # fmt: skip
        if self.limit is not None:
            for network in networks:
                self.limit(network.spec, options)

    def view(self, options: Specification) -> dict[str, Any]:
        """The options that choose what is drawn, by name, as its figure takes them."""
        return {name: getattr(options, name) for name in self.drawn}

    def measured(self, options: Specification) -> Any:
        """The options with those that choose only what is drawn at their default: what a measurement depends on."""
        return options.with_(**{name: type(options).model_fields[name].default for name in self.drawn})

    def order(self, networks: Sequence[Subject], options: Specification) -> tuple[Any, Any]:
        """The arguments of its job, plain JSON values."""
        return [network.to_dict() for network in networks], options.model_dump(mode="json")

    def asked(self, networks: Any, options: Any) -> tuple[list[Subject], Any]:
        """The networks and options of an order, as :meth:`order` made it.

        The machine is not asked, so that what was measured elsewhere can be read: who measures calls :meth:`refuse`
        too. KeyError, TypeError, ValueError for what is no order.
        """
        if not isinstance(networks, list | tuple) or not isinstance(options, Mapping):
            raise TypeError("an order is a list of networks and an object of options")
        return [Subject.from_dict(values, place) for place, values in enumerate(networks)], self.options(**options)


def from_recipe(name: str, help_: str = "", *, default: Any = None) -> Any:
    """An option that is a field of the training recipe: of one name, kind and range everywhere.

    ``help_``: what it decides here, a message id, where that is not what it decides in a training. ``default``: another
    one than the recipe's.
    """
    field = copy(TrainSpec.model_fields[name])
    field.description = help_ or field.description
    if default is not None:
        field.default = default
    return field


class OnDevice(Specification):
    """Options of a study that computes somewhere, on first weights from a seed."""

    seed: int = from_recipe("seed", SEED)
    device: Device = from_recipe(
        "device", N_("Where it is measured: the processor, an NVIDIA GPU (CUDA) or an Apple GPU (MPS).")
    )


class OnImages(OnDevice):
    """Options of a study on real images, by default on the very first batch of a training with the same seed."""

    seed: int = from_recipe("seed", N_("Decides the first weights and which images are in the batch."))
    data: Data = from_recipe(
        "data",
        N_("What the network is shown. Digits are bundled; CIFAR and Fashion-MNIST are fetched once; shapes are drawn "
           "here."),
    )  # fmt: skip
    side: int = from_recipe("side")
    archive: str = from_recipe("archive")
    batch_size: int = from_recipe("batch_size", N_("Images that go through the network at once."))

    @property
    def images(self) -> DataChoice:
        """Which images."""
        return DataChoice(self.data, self.side, self.archive)
