"""Runs as a desk leaves them, for what shows them."""

from pathlib import Path

from resnet_core import ArchSpec, TrainSpec
from resnet_core.jobs.store import Writer
from resnet_core.jobs.stored import StoredRun, read
from resnet_core.records import to_dict, to_line
from resnet_core.train.records import SIGNALS, RunHeader, StepRecord

SMALL = ArchSpec(stages=(1, 1, 1), width=4)
NAMES = ("layer1.0", "layer2.0", "layer3.0")
GONE = TrainSpec(data="own", archive="0123456789abcdef", side=16)  # its images are not kept any more


def stored(
    root: Path,
    run_id: str,
    spec: ArchSpec = SMALL,
    how: TrainSpec | None = None,
    *,
    steps: int = 4,
    label: str = "net",
    test_loss: float = 0.4,
) -> StoredRun:
    """A finished run, written as a desk writes it."""
    how = how or TrainSpec(epochs=1)
    args = [spec.model_dump(mode="json"), how.model_dump(mode="json")]
    header = RunHeader(
        arch=args[0], fitted={"image_size": 8}, train=args[1], unit_names=NAMES, steps=11, steps_per_epoch=11,
        device="cpu", device_name="a processor", threads=1, versions={"torch": "9"}, seed=how.seed, started_at="now",
    )  # fmt: skip
    writer = Writer(root, run_id)
    writer.header({"task": "train", "args": args, "label": label, "run": to_dict(header)})
    for step in range(1, steps + 1):
        norms = (0.1 * step, 0.2, 0.3)
        accuracy = 0.5 + 0.01 * how.seed if step == steps else None
        record = StepRecord(
            step=step, epoch=1, loss=1 / step, train_accuracy=0.5, test_accuracy=accuracy, test_loss=test_loss,
            learning_rate=0.1, images_per_s=100.0, time_s=step / 10, **dict.fromkeys(SIGNALS, norms),
        )  # type: ignore[arg-type]  # fmt: skip
        writer.record(to_line(record))
    writer.end({"status": "done", "error": None})
    run = read(root, run_id)
    assert run is not None
    return run
