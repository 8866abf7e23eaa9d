"""The only caches that all visitors share: bounded, keyed by specification.

Nothing here imports torch: measurements are made by the desk's child processes, and a job is the cache of its records.
"""

import functools
import json
import os
from collections.abc import Sequence

import streamlit as st

from resnet_core.jobs.job import Job
from resnet_core.jobs.runner import Desk
from resnet_core.probe.records import DeviceList
from resnet_core.recipe import DataChoice, TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.train.facts import fit


@functools.cache
def desk() -> Desk:
    """The desk of this server, for its pages and for its routes."""
    return Desk()


def cores() -> int:
    """Processor cores that trainings share."""
    return max(2, os.cpu_count() or 1)


@st.cache_resource(show_spinner=False)
def devices() -> Job:
    """The devices of this machine, as PyTorch finds them."""
    return desk().submit("devices")


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


def gradients(spec: ArchSpec, seed: int, data: str) -> Job:
    """The measurement of a network's gradient flow, begun if no visitor has asked for it yet.

    Keyed by the network as it fits the data: a change of what the data decide anyway measures nothing again.
    """
    return _gradients(_text(fit(spec, data)), seed)


@st.cache_resource(max_entries=256, show_spinner=False)
def _gradients(arch: str, seed: int) -> Job:
    return desk().submit("gradients", json.loads(arch), seed, "cpu")


def forget_gradients(spec: ArchSpec, seed: int, data: str) -> None:
    """Measure again at the next call: the measurement failed."""
    _gradients.clear(_text(fit(spec, data)), seed)


@st.cache_resource(max_entries=64, show_spinner=False)
def _tool(arch: str, which: str) -> Job:
    return desk().submit("tools", json.loads(arch), which)


def tool(spec: ArchSpec, which: str) -> Job:
    """One counting tool's own table for a network."""
    return _tool(_text(spec), which)


def forget_tool(spec: ArchSpec, which: str) -> None:
    """Ask again at the next call: the counting failed."""
    _tool.clear(_text(spec), which)


@st.cache_resource(max_entries=2, show_spinner=False)
def _onnx(arch: str, seed: int) -> Job:
    return desk().submit("onnx", json.loads(arch), seed)


def onnx(spec: ArchSpec, seed: int) -> Job:
    """A network's ONNX file, begun if no visitor has asked for it yet. The file is large: only this cache keeps it."""
    job = _onnx(_text(spec), seed)
    desk().forget(job)
    return job


def forget_onnx(spec: ArchSpec, seed: int) -> None:
    """Write it again at the next call: the writing failed."""
    _onnx.clear(_text(spec), seed)


def start_training(spec: ArchSpec, train: TrainSpec, label: str, threads: int) -> Job:
    """A training of its own for this visitor, kept in a run folder."""
    return desk().submit("train", _dict(spec), _dict(train), keep=True, label=label, threads=threads)


def fetch(images: DataChoice) -> Job:
    """The download of a data set, begun if no visitor has asked for it yet."""
    return _fetch(*images)


@st.cache_resource(max_entries=8, show_spinner=False)
def _fetch(name: str, side: int, archive: str) -> Job:
    return desk().submit("fetch", name, side, archive)


def forget_fetch(images: DataChoice) -> None:
    """Fetch again at the next call: it failed or was stopped, or is done."""
    _fetch.clear(*images)


def settings(specs: Sequence[ArchSpec], train: TrainSpec, threads: int) -> Job:
    """The numerics that are fastest for these networks together on the device, measured once."""
    return _settings(*_numerics_asked(specs, train), threads)


def forget_settings(specs: Sequence[ArchSpec], train: TrainSpec, threads: int) -> None:
    """Measure again at the next call: the measurement failed."""
    _settings.clear(*_numerics_asked(specs, train), threads)


def _numerics_asked(specs: Sequence[ArchSpec], train: TrainSpec) -> tuple[str, str]:
    """The networks, and of the recipe what numerics depend on."""
    names = ("data", "side", "archive", "augmentation", "batch_size", "device", "precision", "memory_format")
    asked = TrainSpec(**{name: getattr(train, name) for name in names})
    return json.dumps([_dict(spec) for spec in specs]), json.dumps(_dict(asked))


@st.cache_resource(max_entries=64, show_spinner=False)
def _settings(archs: str, how: str, threads: int) -> Job:
    return desk().submit("settle", json.loads(archs), json.loads(how), threads=threads)


def start_latency(specs: Sequence[ArchSpec], seed: int, device: str, batch_size: int) -> Job:
    """The latency of some networks, measured anew: a time is of a moment, and nobody else's answer."""
    return desk().submit("latency", [_dict(spec) for spec in specs], seed, device, batch_size)


def start_roofline(specs: Sequence[ArchSpec], seed: int, device: str, batch_size: int) -> Job:
    """What each kind of layer of some networks achieves, measured anew."""
    return desk().submit("roofline", [_dict(spec) for spec in specs], seed, device, batch_size)


def _dict(spec: ArchSpec | TrainSpec) -> dict[str, object]:
    return spec.model_dump(mode="json")


def _text(spec: ArchSpec) -> str:
    return json.dumps(_dict(spec))
