"""The table of studies, and what one of them found. No torch here, nor in what it imports until something is measured.

What runs in a child and is no study stands in :mod:`resnet_core.jobs.tasks`, which says why.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from resnet_core.errors import N_, Refusal
from resnet_core.export import onnx
from resnet_core.fields import Specification, shorten
from resnet_core.probe import activations, counts, gradients, inside, numerics, presets, readout, timing
from resnet_core.records import dumps, from_dict
from resnet_core.study import Finding, Study, Subject

STUDIES: dict[str, Study[Any]] = {
    study.name: study
    for study in (
        gradients.STUDY,
        counts.STUDY,
        timing.LATENCY,
        timing.KERNELS,
        timing.ROOFLINE,
        numerics.STUDY,
        onnx.STUDY,
        activations.STUDY,
        readout.STUDY,
        inside.STUDY,
        presets.STUDY,
    )
}


MOST_NETWORKS = 4  # that a figure can tell apart


def study_of(name: str) -> Study[Any]:
    """The study of that name, or a refusal that lists what there is."""
    if not isinstance(name, str) or name not in STUDIES:
        raise Refusal(
            N_("There is no study {study}; there are {studies}."), study=shorten(name), studies=", ".join(STUDIES)
        )
    return STUDIES[name]


@dataclass(frozen=True)
class Found:
    """What a study found: all that its figure, its tables and its file are made from."""

    study: Study[Any]
    networks: tuple[Subject, ...]
    options: Specification
    records: tuple[Finding, ...]

    def of(self, place: int) -> list[Any]:
        """The records of one network, in the order in which they came."""
        return [record for record in self.records if record.place == place]

    @property
    def title(self) -> str:
        """The names of its networks, or the study's own where it has none."""
        return " · ".join(network.name for network in self.networks) or self.study.name

    @property
    def order(self) -> tuple[Any, Any]:
        """Its networks and options as they are written down, plain JSON values; :meth:`read` takes them."""
        return self.study.order([network.taken_along for network in self.networks], self.options)

    @classmethod
    def read(cls, study: Study[Any], networks: Any, options: Any, records: Iterable[Finding]) -> Self:
        """From what was written, checked here once for everybody who draws it.

        KeyError, TypeError, ValueError where it is not what a study of this kind finds.
        """
        subjects, chosen = study.asked(networks, options)
        found = tuple(records)
        refuse_too_many(subjects)
        if bool(subjects) is not study.networks or not found:
            raise ValueError("a study has networks, unless it is about none, and records")
        if not {record.place for record in found} <= set(range(len(subjects) or 1)):
            raise ValueError("each record belongs to one of the networks")
        if not all(found[0].stands_beside(record) for record in found):
            raise ValueError("the records were not measured together")
        return cls(study, tuple(subjects), chosen, found)

    def to_json(self) -> str:
        """All of it as one JSON object, in lines for a reader; :meth:`from_json` reads it back."""
        networks, options = self.order
        values = {
            "study": self.study.name, "networks": networks, "options": options,
            "records": self.records,
        }  # fmt: skip
        return json.dumps(json.loads(dumps(values)), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From :meth:`to_json`; a :class:`Refusal` where this version cannot read it."""
        try:
            values = json.loads(text)
            study = study_of(values["study"])
            records = [from_dict(study.record, record) for record in values["records"]]
            return cls.read(study, values["networks"], values["options"], records)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, Refusal):
                raise
            raise Refusal(
                N_("This file holds no study that this program can read ({reason})."), reason=shorten(error)
            ) from error


def refuse_too_many(networks: Sequence[Subject]) -> None:
    """A :class:`Refusal` for more networks than a figure can tell apart."""
    if len(networks) > MOST_NETWORKS:
        raise Refusal(
            N_("A study of up to {most} networks can be kept, for its figure must tell them apart; this one has "
               "{count}."),
            most=MOST_NETWORKS, count=len(networks),
        )  # fmt: skip
