"""Taking the time of what runs on a device: repeats in turn, within a budget, and who else was busy meanwhile."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import psutil
import torch

MIN_REPEATS = 5
FEWEST = 3
WARM_UPS = 3
PATIENCE_S = 0.5  # what is over by then need not say how far it is

R = TypeVar("R")
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


def turns(works: Sequence[Callable[[Tell], R]], repeats: int, budget_s: float, tell: Tell = unheard) -> list[list[R]]:
    """What each work returns, in turn (A B A B), so that what disturbs the machine disturbs all alike.

    ``repeats`` times, or fewer where that would take longer than ``budget_s``: at least :data:`MIN_REPEATS` times, or
    :data:`FEWEST` where once alone takes longer. Before the first that counts, each is called a few times, once where
    that alone takes a good part of the budget. Each work is handed what it may tell of its own share, from 0 to 1:
    where once takes many seconds, nothing else would show that it goes on.
    """
    course = _Course(len(works), tell)
    warm_s = 0.0
    for place, work in enumerate(works):
        for _ in range(WARM_UPS):
            started = time.perf_counter()
            work(partial(course.warming, place))
            once_s = time.perf_counter() - started
            if once_s > budget_s / (2 * MIN_REPEATS):
                break
        warm_s += once_s
    least = FEWEST if warm_s > budget_s else MIN_REPEATS
    found: list[list[R]] = [[] for _ in works]
    started = time.perf_counter()
    for number in range(repeats):

        def share(done: float, number: int = number) -> float:
            spent = (time.perf_counter() - started) / budget_s
            return max((number + done) / repeats, min((number + done) / least, spent))

        for place, (work, results) in enumerate(zip(works, found, strict=True)):
            results.append(work(partial(course.counting, share, place)))
        course.counting(share, len(works), 0)
        if number + 1 >= least and time.perf_counter() - started > budget_s:
            break
    return found


def in_turn(
    works: Sequence[Callable[[], object]], device: torch.device, repeats: int, budget_s: float, tell: Tell = unheard
) -> list[tuple[float, ...]]:
    """The times of short works, as :func:`turns` takes them, in seconds."""

    def timed(work: Callable[[], object], _tell: Tell) -> float:
        return once(work, device)

    return [tuple(times) for times in turns([partial(timed, work) for work in works], repeats, budget_s, tell)]


class _Course:
    """How far :func:`turns` is, from 0 to 1 and never back. What a warm-up tells counts where it takes its time."""

    WARM = 1 / (1 + FEWEST)  # of the whole, where once takes longer than the budget

    def __init__(self, works: int, tell: Tell) -> None:
        self._works, self._tell, self._furthest, self._warm = works, tell, 0.0, 0.0
        self._started = time.perf_counter()

    def warming(self, place: int, share: float) -> None:
        """A share of one work's warm-up, of which only the first call can be long."""
        if time.perf_counter() - self._started > PATIENCE_S:
            self._warm = self.WARM
            self._say(self.WARM * (place + share) / self._works)

    def counting(self, of: Callable[[float], float], place: int, share: float) -> None:
        """A share of one work in a round that counts; ``of`` a round's share says how far all rounds are."""
        self._say(self._warm + (1 - self._warm) * min(1.0, of((place + share) / self._works)))

    def _say(self, share: float) -> None:
        self._furthest = max(self._furthest, share)
        self._tell(self._furthest)


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
