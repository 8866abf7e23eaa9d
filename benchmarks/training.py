"""What the records cost a training: ResNet-56 on digits with every record, against the same steps bare."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from benchmarks.bare import bare
from benchmarks.report import Line, of_samples
from resnet_core import TrainSpec, preset
from resnet_core.train.facts import steps_per_epoch
from resnet_core.train.loop import train

TITLE = "Training ResNet-56 on digits, batch 128, one thread"
EPOCHS = 8
WARM_UP = 5  # steps that are not counted


def measure() -> list[Line]:
    """Step by step in turn, each of the two first every second time, so that a slow spell of the machine hits both.

    The bare loop has no hooks, reads no number back from a step, and makes no record. Both evaluate after each epoch,
    in a step that the median leaves out. At the end their losses are compared: to the last bit, both did the same work.
    Every record: loss, training accuracy, and for each unit gradient norm, mean and deviation of its output, and how
    far its weights moved.
    """
    torch.set_num_threads(1)
    return [line for memory_format in ("contiguous", "channels_last") for line in _compare(memory_format)]


def _compare(memory_format: str) -> list[Line]:
    how = TrainSpec(epochs=EPOCHS, precision="float32", memory_format=memory_format)
    loops: dict[str, Iterator[float | Tensor]] = {
        "recorded": (record.loss for record in train(preset("cifar56"), how)),
        "bare": bare(preset("cifar56"), how),
    }
    losses: dict[str, list[float | Tensor]] = {name: [] for name in loops}
    pace: dict[str, list[float]] = {name: [] for name in loops}
    for step in range(how.epochs * steps_per_epoch(how.images, how.batch_size)):
        for name in list(loops)[:: 1 if step % 2 else -1]:
            started = perf_counter()
            losses[name].append(next(loops[name]))
            pace[name].append(how.batch_size / (perf_counter() - started))
    if losses["recorded"] != [float(loss) for loss in losses["bare"]]:
        raise RuntimeError("the two loops did not do the same work")
    with_, without = (pace[name][WARM_UP:] for name in loops)
    # Pair by pair: what slows the machine for a second slows both steps of a pair.
    costs = [bare / recorded - 1 for recorded, bare in zip(with_, without, strict=True)]
    return [
        of_samples(f"{memory_format}: train(spec, how), every record", with_, "images/s"),
        of_samples(f"{memory_format}: the same loop bare", without, "images/s"),
        Line(f"{memory_format}: what the records cost, of a bare step", median(costs), "", 0.04, at_most=True),
    ]
