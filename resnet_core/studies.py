"""The table of studies, and what one of them found. No torch here, nor in what it imports until something is measured.

What runs in a child and is no study stands in :mod:`resnet_core.jobs.tasks`, which says why.
"""

import json
from dataclasses import dataclass
from typing import Any, Self

from resnet_core.errors import N_, Refusal
from resnet_core.export import onnx
from resnet_core.fields import Specification, shorten
from resnet_core.probe import activations, counts, gradients, numerics, readout, timing
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
    )
}


def study_of(name: str) -> Study[Any]:
    """The study of that name, or a refusal that lists what there is."""
    if name not in STUDIES:
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

    def to_json(self) -> str:
        """All of it as one JSON object, in lines for a reader; :meth:`from_json` reads it back."""
        networks, options = self.study.order(self.networks, self.options)
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
            networks, options = study.asked(values["networks"], values["options"])
            records = tuple(from_dict(study.record, record) for record in values["records"])
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, Refusal):
                raise
            raise Refusal(
                N_("This file holds no study that this program can read ({reason})."), reason=shorten(error)
            ) from error
        return cls(study, tuple(networks), options, records)
