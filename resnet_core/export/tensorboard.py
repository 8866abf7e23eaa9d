"""The records of a training as an event file for TensorBoard. Needs the extra ``tensorboard``; no torch.

TensorBoard reads a folder of folders, one a run, each with a file of ``Event`` protocol buffers in TFRecord framing;
the package's own writer writes them. It is imported inside the functions: whether the extra is there can be asked
without it.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from resnet_core.errors import N_, Refusal
from resnet_core.train.records import SCALARS, SIGNALS, RunHeader, StepRecord

PACKAGE = "tensorboard"
AXES = ("step", "epoch", "time_s")  # along which TensorBoard draws the others


def is_there() -> bool:
    """Whether the extra is installed here."""
    return find_spec(PACKAGE) is not None


def refuse_tensorboard() -> None:
    """A :class:`Refusal` where the extra is missing."""
    if not is_there():
        raise Refusal(
            N_("Event files need {packages}, which is not installed here: pip install -e '.[tensorboard]'."),
            packages=PACKAGE,
        )


def write_events(folder: Path, header: RunHeader, records: Iterable[StepRecord], name: str = "run") -> Path:
    """Write one event file into the folder and return its path; the same run gives the same bytes.

    Scalars are tagged ``loss``, ``test_accuracy`` ..., values by unit ``gradient_norm/layer1.0``. An event's wall time
    is the run's start and the time that the training had taken, pauses left out.
    """
    refuse_tensorboard()
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    started = datetime.fromisoformat(header.started_at).timestamp()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{started:010.0f}.{name}"
    with path.open("wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=started, file_version="brain.Event:2").SerializeToString())
        for record in records:
            values = [Summary.Value(tag=tag, simple_value=value) for tag, value in _scalars(record, header.unit_names)]
            time = started + (record.time_s if math.isfinite(record.time_s) else 0.0)
            event = Event(wall_time=time, step=record.step, summary=Summary(value=values))
            writer.write(event.SerializeToString())
    return path


def _scalars(record: StepRecord, unit_names: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """What was measured in a step. NaN stays: TensorBoard marks it."""
    for name in SCALARS:
        if name not in AXES and (value := getattr(record, name)) is not None:
            yield name, value
    for name, signal in SIGNALS.items():
        for unit, value in zip(unit_names, getattr(record, name), strict=False):
            yield f"{signal.column}/{unit}", value
