"""A race of two with every record on, against the script that one would write with PyTorch alone."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.report import Line, of_samples
from benchmarks.script import BATCH, WARM_UP
from resnet_core import TrainSpec, count, preset
from resnet_core.jobs.runner import Desk
from resnet_core.jobs.stored import steps
from resnet_core.spec import ArchSpec
from resnet_core.train.facts import fit
from resnet_core.train.tuning import BFLOAT16_UNITS, measure_settings

TITLE = "A race of two against a plain PyTorch script"
PAIRS = 5
# Depth, images, their side, steps, and the aim on a processor with bfloat16 units; 1 on every other.
CASES = ((20, "shapes", 32, 30, 2.0), (56, "digits", 8, 100, 1.8))
FASTER = {unit for unit in BFLOAT16_UNITS if unit != "bf16"}


def measure() -> list[Line]:
    """Script and race by turns. The race is one network from two seeds, a child and a thread each, as on the page."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(root=Path(folder))
        lines = [line for case in CASES for line in _case(desk, *case)]
        desk.close()
    return lines


def _case(desk: Desk, depth: int, data: str, side: int, length: int, aim: float) -> list[Line]:
    how = TrainSpec(data=data, side=side, steps=length, batch_size=BATCH)
    spec = preset(f"cifar{depth}")
    found = measure_settings([spec, spec], how)
    how = how.with_(precision=found.precision, memory_format=found.memory_format)
    fitted = fit(spec, how.images)
    alone: list[float] = []
    raced: list[float] = []
    for number in range(PAIRS + 1):
        for name in ("script", "race")[:: 1 if number % 2 else -1]:
            pace = (
                _script(depth, data, side, length, count(fitted).params) if name == "script" else _race(desk, spec, how)
            )
            if number:  # the first of each warms up: imports, the fork server
                (alone if name == "script" else raced).append(pace)
    ratios = [pair / one for pair, one in zip(raced, alone, strict=True)]
    name = f"ResNet-{depth}, {data}, {side} pixels"
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split() if Path("/proc/cpuinfo").exists() else []
    limit = aim if FASTER.intersection(flags) else 1.0
    return [
        of_samples(f"{name}: the script, all threads", alone, "images/s"),
        of_samples(f"{name}: both racers, {found.precision}, {found.memory_format}", raced, "images/s"),
        Line(f"{name}: race over script, median of the pairs' ratios", median(ratios), "", limit, samples=ratios),
    ]


def _script(depth: int, data: str, side: int, steps: int, params: int) -> float:
    command = [sys.executable, "-m", "benchmarks.script", str(depth), data, str(side), str(steps)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    if told["params"] != params:
        raise RuntimeError(f"the script trains {told['params']} parameters, the race {params}")
    return float(told["images_per_s"])


def _race(desk: Desk, spec: ArchSpec, how: TrainSpec) -> float:
    arch = spec.model_dump(mode="json")
    jobs = [desk.submit("train", arch, how.with_(seed=seed).model_dump(mode="json"), keep=True) for seed in (0, 1)]
    for job in jobs:
        if not job.wait(600) or job.status != "done":
            raise RuntimeError(f"a racer ended as {job.status}: {job.error}")
    return sum(_pace([record.images_per_s for record in steps(desk.root / job.id)]) for job in jobs)


def _pace(each: Sequence[float]) -> float:
    """Images a second over the steps, tests left out as the script has none: the harmonic mean."""
    counted = each[WARM_UP:]
    return len(counted) / sum(1 / pace for pace in counted)
