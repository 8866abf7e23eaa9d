"""What a visitor asks of studies, and how far the answers are: kept in the session, without a widget.

The networks and options are kept as they were then, so that a later change does not turn one network's answer into
another's.
"""

import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from app import cache, state
from app.slots import SLOT_NAMES, Slot
from resnet_core.errors import Refusal
from resnet_core.fields import Specification
from resnet_core.jobs.job import Job
from resnet_core.studies import STUDIES, Found
from resnet_core.study import Study, Subject


class Ask(NamedTuple):
    """A button: what is measured, one study after the other, and of which networks (:func:`of_networks`, or a kept
    run's). ``changes`` fix some options."""

    title: str
    networks: Mapping[Slot, Subject]
    studies: Sequence[str]
    changes: Mapping[str, Any] = {}


def of_networks(*slots: Slot) -> dict[Slot, Subject]:
    """The networks of the experiment in these places, with their first weights."""
    known = {slot: state.experiment().network(slot) for slot in slots}
    return {slot: Subject(one.title, one.spec, place) for place, (slot, one) in enumerate(known.items())}


@dataclass
class Measurement:
    """One study of an :class:`Asked`, with its jobs: one for all networks together, or one for each."""

    study: Study[Any]
    options: Specification
    networks: Mapping[Slot, Subject]
    _jobs: list[Callable[[], Job | None]] = field(default_factory=list)

    @property
    def subjects(self) -> list[Subject]:
        """Its networks in their order."""
        return list(self.networks.values()) if self.study.networks else []

    @property
    def jobs(self) -> list[Job]:
        """Those that have been begun; none, too, where others have displaced what was large."""
        found = [job for held in self._jobs if (job := held())]
        return found if len(found) == len(self._jobs) else []

    @property
    def refusals(self) -> dict[Slot, Refusal]:
        """What could not be measured anyway, said before a process is asked."""
        found = {}
        for slot, subject in zip(self.networks, self.subjects, strict=False):
            try:
                self.study.refuse([subject], self.options)
            except Refusal as refusal:
                found[slot] = refusal
        return found

    def begin(self) -> None:
        """Ask for what is not there: all of it, or what failed."""
        subjects = self.subjects
        groups = [subjects] if self.study.together else [[subject] for subject in subjects]
        jobs: Sequence[Job | None] = self.jobs or [None] * len(groups)
        self._jobs = [
            _held(job, self.study)
            if job and job.status == "done"
            else _held(cache.ask(self.study.name, group, self.options), self.study)
            for group, job in zip(groups, jobs, strict=True)
        ]

    def forget(self) -> None:
        """As if it had not begun."""
        self._jobs = []

    def begin_alone(self) -> None:
        """Ask for it outside of the cache: for what one visitor asks once, such as a stroke of a drawing."""
        jobs = [
            cache.desk().submit(self.study.name, *self.study.order([subject], self.options))
            for subject in self.subjects
        ]
        self._jobs = [lambda job=job: job for job in jobs]  # type: ignore[misc]

    @property
    def finished(self) -> bool:
        """Whether it has begun, and nothing more will come."""
        return bool(self.jobs) and all(job.finished for job in self.jobs)

    @property
    def done(self) -> bool:
        """Whether all of it is there."""
        return bool(self.jobs) and all(job.status == "done" for job in self.jobs)

    @property
    def found(self) -> Found:
        """What has been found so far, under the names that the networks had when they were asked for."""
        subjects, records = self.subjects, []
        for number, job in enumerate(self.jobs):
            for record in job.records:
                place = record.place if self.study.together else number
                name = subjects[place].name if subjects else ""
                records.append(replace(record, place=place, network=name))
        return Found(self.study, tuple(subjects), self.options, tuple(records))


def _held(job: Job, study: Study[Any]) -> Callable[[], Job | None]:
    """A session holds on to its jobs, but for those whose records are large: of them the cache keeps few."""
    return weakref.ref(job) if study.large else lambda: job


@dataclass
class Asked:
    """What a visitor asked for: measurements of some networks, one after the other, for side by side they would disturb
    each other."""

    networks: Mapping[Slot, Subject]
    measurements: list[Measurement]

    @classmethod
    def of(cls, studies: Sequence[str], networks: Mapping[Slot, Subject], changes: Mapping[str, Any]) -> "Asked":
        """As the experiment has the options: those of the first study, and of the others what they have besides."""
        first = state.experiment().options(studies[0]).with_(**changes).values()
        chosen = {name: state.experiment().options(name) for name in studies}
        chosen = {
            name: options.with_(**{key: value for key, value in first.items() if key in type(options).model_fields})
            for name, options in chosen.items()
        }
        return cls(networks, [Measurement(STUDIES[name], options, networks) for name, options in chosen.items()])

    def go_on(self) -> None:
        """Begin what is next, if what was before it is there."""
        for measurement in self.measurements:
            if not measurement.jobs:
                measurement.begin()
            if not measurement.done:
                return

    @property
    def current(self) -> Measurement:
        """The one that is being measured, that failed, or the last."""
        return next((one for one in self.measurements if not one.done), self.measurements[-1])

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.current.finished

    @property
    def failed(self) -> list[tuple[str, Job]]:
        """The jobs that have ended without an answer, each with the letter of its network."""
        current = self.current
        letters = [""] if current.study.together else [SLOT_NAMES[slot] for slot in self.networks]
        return [
            (letter, job)
            for letter, job in zip(letters, current.jobs, strict=False)
            if job.finished and job.status != "done"
        ]

    def stop(self) -> None:
        """Cancel what goes on."""
        for job in self.current.jobs:
            job.stop()

    def abandon(self, needed: Collection[Job]) -> None:
        """Nobody waits for it any more: cancel what goes on, but for what others need; who asks again begins anew."""
        current = self.current
        if current.jobs and not current.finished:
            for job in current.jobs:
                if job not in needed and not job.finished:
                    job.stop()
            current.forget()
