"""The only caches that all visitors share: bounded, keyed by specification.

Nothing here imports torch: measurements are made by the desk's child processes, and a job is the cache of its records.
What failed or was stopped is never remembered: who asks again begins anew.
"""

import functools
import json
import os
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from resnet_core.fields import Specification
from resnet_core.jobs.job import Job
from resnet_core.jobs.runner import Desk
from resnet_core.jobs.tasks import DeviceList
from resnet_core.jobs.together import Together
from resnet_core.recipe import DataChoice, TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.studies import STUDIES
from resnet_core.study import OnImages, Subject
from resnet_core.train.facts import fit


@functools.cache
def desk() -> Desk:
    """The desk of this server, for its pages and for its routes."""
    return Desk()


def cores() -> int:
    """Processor cores that trainings share."""
    return max(2, os.cpu_count() or 1)


def ask(study: str, networks: Sequence[Subject], options: Specification, threads: int = 1) -> Job:
    """The job of a study, begun if no visitor has asked for it yet, or if it failed or was stopped.

    A study that is ``timed`` begins anew each time. One on images is keyed by the networks as they fit the images: a
    change of what these decide anyway measures nothing again. Trained weights that were written anew are others.
    """
    declared = STUDIES[study]
    options = declared.measured(options)
    if isinstance(options, OnImages):
        images = options.images
        networks = [network._replace(spec=fit(network.spec, images)) for network in networks]
    if declared.timed:
        return desk().submit(study, *declared.order(networks, options), threads=threads)
    networks = [network._replace(name="") for network in networks]  # under two names it is one question
    order = json.dumps(declared.order(networks, options))
    remembered = _large if declared.large else _job
    key = study, order, threads, tuple(_written(one.weights) for one in networks if one.weights)
    job = remembered(*key)
    if job.finished and job.status != "done":
        remembered.clear(*key)
        job = remembered(*key)
    if declared.large:
        desk().forget(job)
    return job


def _written(weights: Path) -> float:
    """When a file of weights was written. One that a training has thinned out meanwhile is refused by who reads it."""
    try:
        return weights.stat().st_mtime
    except OSError:
        return 0.0


@st.cache_resource(max_entries=256, show_spinner=False)
def _job(study: str, order: str, threads: int, written: tuple[float, ...]) -> Job:  # noqa: ARG001 - a part of the key
    return desk().submit(study, *json.loads(order), threads=threads)


@st.cache_resource(max_entries=2, show_spinner=False)
def _large(study: str, order: str, threads: int, written: tuple[float, ...]) -> Job:  # noqa: ARG001 - a part of the key
    """Of those whose records are files: only this cache keeps them."""
    return desk().submit(study, *json.loads(order), threads=threads)


def fetch(images: DataChoice) -> Job:
    """The download of a data set, begun if nobody has asked for it yet, or if what was begun has ended."""
    job = _fetch(*images)
    if job.finished:
        _fetch.clear(*images)
        job = _fetch(*images)
    return job


@st.cache_resource(max_entries=8, show_spinner=False)
def _fetch(name: str, side: int, archive: str) -> Job:
    return desk().submit("fetch", name, side, archive)


def samples(images: DataChoice) -> Job:
    """The test images whose answers a race shows, of data that are here."""
    job = _samples(*images)
    if job.finished and job.status != "done":
        _samples.clear(*images)
        job = _samples(*images)
    return job


@st.cache_resource(max_entries=8, show_spinner=False)
def _samples(name: str, side: int, archive: str) -> Job:
    return desk().submit("samples", name, side, archive)


@st.cache_resource(show_spinner=False)
def _devices() -> Job:
    return desk().submit("devices")


def devices() -> Job:
    """The devices of this machine, as PyTorch finds them."""
    job = _devices()
    if job.finished and job.status != "done":
        _devices.clear()
        job = _devices()
    return job


def device_names() -> tuple[str, ...]:
    """The devices of this machine, ``cpu`` first; none while they are not known."""
    found: list[DeviceList] = devices().records if desk_is_warm() else []
    return found[-1].names if found else ()


def warm_desk() -> None:
    """Start the fork server, which imports torch: its first, small job is done when it is ready."""
    devices()


def desk_is_warm() -> bool:
    """Whether a job starts at once now."""
    return any(job.finished and job.pid for job in desk().jobs())


def start_training(spec: ArchSpec, train: TrainSpec, label: str, threads: int, race: Together) -> Job:
    """A training of its own for this visitor, kept in a run folder, that starts with the others of its race."""
    args = spec.model_dump(mode="json"), train.model_dump(mode="json")
    return desk().submit("train", *args, keep=True, label=label, threads=threads, together=race)
