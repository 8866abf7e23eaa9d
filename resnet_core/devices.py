"""Where a network can be computed: the CPU, an NVIDIA GPU (CUDA) or an Apple GPU (MPS), and what it runs on there."""

import platform
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from resnet_core import __version__
from resnet_core.errors import N_, Refusal


def available() -> list[str]:
    """The devices of this machine, ``cpu`` first."""
    names = ["cpu"]
    if torch.cuda.is_available():
        names.append("cuda")
    if torch.backends.mps.is_available():
        names.append("mps")
    return names


def resolve(name: str) -> torch.device:
    """The device of that name, or a refusal that says what there is instead."""
    here = available()
    if name not in here:
        raise Refusal(
            N_("{device} was asked for, but this machine has no {title} device; available: {available}."),
            field="device", device=name, title=name.upper(), available=", ".join(here),
        )  # fmt: skip
    return torch.device(name)


def device_name(name: str) -> str:
    """What the device is called by its maker, such as "NVIDIA H100"."""
    if name == "cuda":
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def free_bytes(name: str) -> int | None:
    """Free memory of a device of its own; None where it shares the machine's."""
    return torch.cuda.mem_get_info()[0] if name == "cuda" else None


def provenance(device: str, seed: int, started: float, *packages: str) -> dict[str, Any]:
    """The fields of :class:`resnet_core.records.Provenance` for what has just been measured here.

    ``started`` is the ``time.perf_counter()`` of its beginning, ``packages`` name what else it depends on.
    """
    time_s = time.perf_counter() - started  # first: to ask for the rest takes time as well
    return {
        "seed": seed,
        "device": device,
        "device_name": device_name(device),
        "threads": threads_here(),
        "versions": versions(*packages),
        "time_s": time_s,
    }


def versions(*packages: str) -> dict[str, str]:
    """The versions that a measurement depends on, with those of further packages."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "resnet_core": __version__,
        **{name: version(name) for name in packages if name != "torch"},
    }


@contextmanager
def repeatable(device: torch.device, seed: int, step: int) -> Iterator[None]:
    """One step whose random numbers (a dropout shortcut) depend on ``(seed, step)`` alone.

    The caller's own random state is left as it was, so that two trainings can be advanced in turn. cuDNN is held to
    algorithms that put out the same bits each time.
    """
    on_gpu = device.type != "cpu"
    with (
        torch.random.fork_rng([0] if on_gpu else [], device_type=device.type if on_gpu else "cuda"),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
    ):
        number = zlib.crc32(f"{seed}:{step}".encode())  # the CPU's generator takes 32 bits
        torch.default_generator.manual_seed(number)  # torch.manual_seed takes a millisecond: it asks every kind of GPU
        if device.type == "cuda":
            torch.cuda.manual_seed(number)
        elif device.type == "mps":
            torch.mps.manual_seed(number)
        yield


def threads_here() -> int:
    """Threads that torch uses for one operator on the CPU in this process."""
    return torch.get_num_threads()
