"""What ``auto`` in a recipe comes to: the precision and the memory format in which the device is fastest, measured.

The answer is kept in ``tuning.json``, so that one command gives the same bits each time and starts at once the second
time. A file that cannot be read or written is no error: the measurement is then made again.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from resnet_core import devices
from resnet_core.errors import N_
from resnet_core.model.network import ResNet, build
from resnet_core.probe.clock import once
from resnet_core.probe.numerics import NumericsOptions
from resnet_core.recipe import TrainSpec
from resnet_core.records import dumps, from_dict
from resnet_core.spec import ArchSpec
from resnet_core.study import Progress, Subject, unheard
from resnet_core.train.facts import fit
from resnet_core.train.folder import data_folder
from resnet_core.train.numerics import Numerics
from resnet_core.train.records import Settings

log = logging.getLogger(__name__)
BUDGET_S = 0.6  # for each network; a round that has begun is finished
ROUNDS = 10
GIVE_UP = 2.0  # times as slow as the best after one step
MUST_WIN_BY = 1.05
KEPT = 500
BFLOAT16_UNITS = ("avx512_bf16", "amx_bf16", "bf16", "arm_bf16", "sve_bf16")  # without them 10 to 30 times slower

Candidate = tuple[str, str]  # precision, memory format
_known: dict[str, Settings] = {}


def measure(networks: Sequence[Subject], options: NumericsOptions, progress: Progress) -> Iterator[Settings]:
    """One record for all networks together."""
    yield measure_settings([network.spec for network in networks], TrainSpec(**options.values()), progress)


def settle(spec: ArchSpec, how: TrainSpec) -> TrainSpec:
    """The same recipe with nothing left to ``auto``."""
    if "auto" not in (how.precision, how.memory_format):
        return how
    found = measure_settings([spec], how)
    return how.with_(precision=found.precision, memory_format=found.memory_format)


def measure_settings(specs: Sequence[ArchSpec], how: TrainSpec, progress: Progress = unheard) -> Settings:
    """What is fastest for all of ``specs`` together, so that those who race use the same numerics.

    A few steps of each candidate on one batch, in turn; about a second for ResNet-56 on 8x8 images. What ``how`` does
    not leave to ``auto`` is kept. float32 and contiguous stay unless something else wins by 5%.
    """
    started = time.perf_counter()
    fitted = [fit(spec, how.images) for spec in specs]
    candidates = _candidates(how)
    if len(candidates) == 1:
        ((precision, memory_format),) = candidates
        return Settings(precision, memory_format, {}, **devices.provenance(how.device, how.seed, started))
    key = _key(fitted, how)
    path = data_folder() / "tuning.json"
    if key not in _known:
        kept = _read(path)
        found = _restored(kept.get(key))
        if found is None:
            times = []
            for number, one in enumerate(fitted):
                progress(number, len(fitted), N_("Some steps of each network in each number format"))
                times.append(_measure(one, how, candidates))
            (precision, memory_format), rates = _choose(candidates, times, how.batch_size)
            found = Settings(precision, memory_format, rates, **devices.provenance(how.device, how.seed, started))
            _write(path, {**kept, key: found})
        _known[key] = found
    return _known[key]


def has_bfloat16(device: str) -> bool:
    """Whether the device multiplies bfloat16 in hardware."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: Mapping[str, Any] = torch.cpu.get_capabilities() if device == "cpu" else {}
    return any(capabilities.get(unit) for unit in BFLOAT16_UNITS)


def _candidates(how: TrainSpec) -> list[Candidate]:
    """What ``how`` leaves open, float32 and contiguous first."""
    both = ["float32", "bfloat16"] if has_bfloat16(how.device) else ["float32"]
    precisions = both if how.precision == "auto" else [how.precision]
    formats = ["contiguous", "channels_last"] if how.memory_format == "auto" else [how.memory_format]
    return [(precision, memory_format) for precision in precisions for memory_format in formats]


def _choose(
    candidates: list[Candidate], times: list[dict[Candidate, float]], batch_size: int
) -> tuple[Candidate, dict[str, float]]:
    """The candidate that takes the least time for one step of every network, and the pace of each; only those that all
    have finished."""
    totals = {one: sum(taken[one] for taken in times) for one in candidates if all(one in taken for taken in times)}
    first = candidates[0]
    best = min(totals, key=totals.__getitem__) if totals else first
    if first in totals and totals[first] < MUST_WIN_BY * totals[best]:
        best = first
    rates = {" ".join(one): len(times) * batch_size / total for one, total in totals.items()}
    return best, rates


def _measure(fitted: ArchSpec, how: TrainSpec, candidates: list[Candidate]) -> dict[Candidate, float]:
    """The shortest time of a step in each candidate, in seconds; without those that were given up."""
    started = time.perf_counter()
    place = torch.device(how.device)
    model = build(fitted, seed=how.seed).to(place).train()
    draw = torch.Generator().manual_seed(how.seed)
    shape = how.batch_size, fitted.in_channels, *fitted.image_shape
    inputs = torch.randn(shape, generator=draw).to(place)
    labels = torch.randint(fitted.num_classes, shape[:1], generator=draw).to(place)
    best: dict[Candidate, float] = {}
    left = list(candidates)
    for number in range(ROUNDS + 1):  # in the first, memory is asked for and kernels are chosen
        for one in list(left):
            numerics = Numerics(place, one[0] == "bfloat16", one[1] == "channels_last")
            numerics.place(model)
            taken = _time(_step(model, numerics, inputs, labels), place)
            if number == 0 and best and taken > GIVE_UP * min(best.values()):
                left.remove(one)
                continue
            best[one] = taken if number < 2 else min(taken, best[one])
        if number and time.perf_counter() - started > BUDGET_S:
            break
    return best


def _step(model: ResNet, numerics: Numerics, inputs: torch.Tensor, labels: torch.Tensor) -> Callable[[], None]:
    def step() -> None:
        model.zero_grad()
        with numerics.autocast():
            loss = functional.cross_entropy(model(numerics.images(inputs)), labels)
        loss.backward()  # type: ignore[no-untyped-call]

    return step


def _time(work: Callable[[], None], device: torch.device) -> float:
    return once(work, device)


def _key(fitted: list[ArchSpec], how: TrainSpec) -> str:
    """Everything that the answer depends on, as one short name."""
    facts = [
        devices.device_name(how.device), str(torch.__version__), devices.threads_here(), how.batch_size, how.precision,
        how.memory_format, *(spec.model_dump(mode="json") for spec in fitted),
    ]  # fmt: skip
    return hashlib.sha256(dumps(facts).encode()).hexdigest()[:32]


def _restored(values: Any) -> Settings | None:
    """What the file holds, if it is an answer: it may be absent, or written by another hand."""
    try:
        found = from_dict(Settings, values)
        TrainSpec(precision=found.precision, memory_format=found.memory_format)
    except ValueError:  # a Refusal is one too
        return None
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, kept: dict[str, Any]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(dumps(dict(list(kept.items())[-KEPT:])) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error)
