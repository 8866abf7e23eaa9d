"""Run folders as a training leaves them, without one."""

from pathlib import Path

from resnet_core import ArchSpec, TrainSpec
from resnet_core.jobs.job import end_values, header_values
from resnet_core.jobs.store import Status, Writer, new_id
from resnet_core.records import to_line
from resnet_core.train.records import RunHeader, StepRecord
from resnet_core.train.tape import Tape

UNITS = ("layer1.0", "layer2.0")


def header(arch: ArchSpec, train: TrainSpec, steps: int = 11) -> RunHeader:
    """The facts of a run's start."""
    plain = arch.model_dump(mode="json")
    return RunHeader(
        arch=plain, fitted=plain, train=train.model_dump(mode="json"), unit_names=UNITS, steps=steps,
        steps_per_epoch=11, device="cpu", device_name="a processor", threads=1, versions={"torch": "2.13.0"},
        seed=train.seed, started_at="2026-11-23T20:00:00+00:00",
    )  # fmt: skip


def step(number: int, accuracy: float | None = None) -> StepRecord:
    """One step, with one unit's gradient that is not a number."""
    return StepRecord(
        step=number, epoch=1, loss=2.0 / number, train_accuracy=0.1, test_accuracy=accuracy,
        test_loss=None if accuracy is None else 1.0, learning_rate=0.05, images_per_s=100.0, time_s=0.25 * number,
        gradient_norms=(0.5, float("nan")), update_ratios=(0.001, 0.002), activation_means=(0.0, 1.0),
        activation_stds=(1.0, 2.0),
    )  # fmt: skip


def keep(
    root: Path,
    *,
    label: str = "cifar56",
    steps: int = 3,
    accuracy: float | None = None,
    status: Status | None = "done",
    arch: ArchSpec | None = None,
    train: TrainSpec | None = None,
) -> str:
    """A run of so many steps, tested after the last; without a status it is one that was killed."""
    arch, train = arch or ArchSpec(), train or TrainSpec()
    writer, tape = Writer(root, new_id()), Tape()
    args = arch.model_dump(mode="json"), train.model_dump(mode="json")
    writer.header(header_values("train", args, label, 1, header(arch, train)))
    for number in range(1, steps + 1):
        record = step(number, accuracy if number == steps else None)
        writer.record(to_line(record))
        tape.append(record)
    writer.end(end_values(status or "lost", None, tape))
    if status is None:
        (writer.folder / "end.json").unlink()
    return writer.folder.name
