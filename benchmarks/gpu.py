"""What the records cost a training on a GPU, and how much of a step the GPU works. Needs a CUDA device."""

from collections.abc import Iterator
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.bare import bare
from benchmarks.report import Line, of_samples
from resnet_core import ArchSpec, TrainSpec, preset
from resnet_core.devices import device_name
from resnet_core.train.loop import train
from resnet_core.train.tuning import settle

TITLE = "Training on a GPU, batch 128, every record"
PAIRS = 5
WARM_UP, STEPS = 20, 200
# Preset, the side of the coloured shapes.
CASES = (("cifar20", 32), ("resnet18", 64))


def measure() -> list[Line]:
    """Both networks, in the numerics that are fastest on this GPU."""
    if not torch.cuda.is_available():
        raise SystemExit("This benchmark needs a GPU that PyTorch finds.")
    return [line for name, side in CASES for line in compare(name, TrainSpec(data="shapes", side=side, device="cuda"))]


def compare(name: str, how: TrainSpec, steps: int = STEPS, pairs: int = PAIRS) -> list[Line]:
    """The training with every record and the bare loop by turns, each from its first step."""
    spec = preset(name)
    how = settle(spec, how.with_(steps=WARM_UP + steps))
    pace: dict[str, list[float]] = {"every record": [], "bare": []}
    for number in range(pairs):
        for kind in list(pace)[:: 1 if number % 2 else -1]:
            pace[kind].append(_pace(_begun(kind, spec, how), how, steps))
    ratios = [one / other for one, other in zip(*pace.values(), strict=True)]
    title = f"{name}, {how.side} pixels, {how.precision}, {how.memory_format}, {device_name(how.device)}"
    return [
        *(of_samples(f"{title}: {kind}", paces, "images/s") for kind, paces in pace.items()),
        Line(f"{title}: every record over bare, median of the pairs' ratios", median(ratios), "", 0.95, samples=ratios),
        Line(
            f"{title}: share of the time in which the device works", _busy(_begun("every record", spec, how), steps), ""
        ),
    ]


def _begun(kind: str, spec: ArchSpec, how: TrainSpec) -> Iterator[Any]:
    """After its first steps, which choose kernels."""
    steps: Iterator[Any] = bare(spec, how) if kind == "bare" else train(spec, how)
    for _ in islice(steps, WARM_UP):
        pass
    return steps


def _pace(steps: Iterator[Any], how: TrainSpec, count: int) -> float:
    _wait()
    started = perf_counter()
    for _ in islice(steps, count):
        pass
    _wait()
    return count * how.batch_size / (perf_counter() - started)


def _busy(steps: Iterator[Any], count: int) -> float:
    """Kernels one after the other on one stream: the sum of their times over the time that passed."""
    on_gpu = torch.cuda.is_available()
    with profile(activities=[ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]) as found:
        _wait()
        started = perf_counter()
        for _ in islice(steps, count):
            pass
        _wait()
        passed = perf_counter() - started
    events = found.key_averages()
    spent = sum(event.self_device_time_total if on_gpu else event.self_cpu_time_total for event in events)
    return float(spent) / 1e6 / passed


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
