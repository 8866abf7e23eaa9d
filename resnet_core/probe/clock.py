"""Taking the time of what runs on a device: repeats in turn, within a budget, and who else was busy meanwhile."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psutil
import torch

MIN_REPEATS = 5
WARM_UPS = 3

Tell = Callable[[float], None]  # hears which share of the work is done


def unheard(_share: float) -> None:
    """Nobody listens."""


def finish(device: torch.device) -> None:
    """Wait until the device has done what it was given; a CPU has by the time a call returns."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def once(work: Callable[[], object], device: torch.device) -> float:
    """The wall time of one call, in seconds."""
    finish(device)
    started = time.perf_counter()
    work()
    finish(device)
    return time.perf_counter() - started


def rounds(take: Callable[[], None], repeats: int, budget_s: float, tell: Tell = unheard) -> None:
    """Call ``take`` up to ``repeats`` times: fewer where that would take longer than ``budget_s``, at least five."""
    started = time.perf_counter()
    for number in range(1, repeats + 1):
        take()
        spent = (time.perf_counter() - started) / budget_s
        if number >= MIN_REPEATS and spent > 1:
            return
        tell(max(number / repeats, min(number / MIN_REPEATS, spent)))


def in_turn(
    works: Sequence[Callable[[], object]], device: torch.device, repeats: int, budget_s: float, tell: Tell = unheard
) -> list[tuple[float, ...]]:
    """The times of each work, taken A B A B, so that what disturbs the machine disturbs all alike.

    Each is called a few times before the first that counts: once where that alone takes a good part of the budget.
    """
    for work in works:
        for _ in range(WARM_UPS):
            if once(work, device) > budget_s / (2 * MIN_REPEATS):
                break
    times: list[list[float]] = [[] for _ in works]

    def take() -> None:
        for work, taken in zip(works, times, strict=True):
            taken.append(once(work, device))

    rounds(take, repeats, budget_s, tell)
    return [tuple(taken) for taken in times]


class OtherLoad:
    """How many cores other processes kept busy, on average, since this was made."""

    def __init__(self) -> None:
        self.started, self._others = time.perf_counter(), _others_s()

    def cores(self) -> float:
        """The mean up to now; never below 0, for the clocks of the system and of the process tick apart."""
        elapsed = time.perf_counter() - self.started
        return max(0.0, (_others_s() - self._others) / elapsed)


def _others_s() -> float:
    """Processor seconds of all other processes of the machine together."""
    all_ = psutil.cpu_times()
    waiting = all_.idle + getattr(all_, "iowait", 0.0)
    guests = getattr(all_, "guest", 0.0) + getattr(all_, "guest_nice", 0.0)  # counted in user and nice as well
    own = os.times()
    return float(sum(all_) - waiting - guests - own.user - own.system)


@contextmanager
def use_threads(threads: int) -> Iterator[None]:
    """So many threads for one operator on the CPU, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
