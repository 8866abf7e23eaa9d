"""A race starts together: who is ready first waits for the others. No torch here.

A network of 110 layers is built later than one of 20, and a first race reads its images from a cold disk; whoever
watches would take that head start for speed. Each child says when its network is built and its images are loaded, and
takes its first step when all have said so. Only those that run at once wait for each other: one that stands in the
queue starts alone, later. A child that fails or is stopped is waited for no longer, and none waits longer than
:data:`resnet_core.jobs.control.TOGETHER_S`.
"""

import threading
from types import TracebackType
from typing import Any, Protocol, Self

from resnet_core.jobs.control import Command


class Starter(Protocol):
    """What a start needs of a job."""

    id: str

    def say(self, command: Command, **values: Any) -> None:
        """Tell its child something."""


class Together:
    """One common start. Jobs are handed in while it is open, as ``with Together() as race``; it is given at its end, or
    when the last of them is ready. Safe from any thread."""

    def __init__(self) -> None:
        self._awaited: dict[str, Starter] = {}  # who runs and is not ready
        self._ready: dict[str, Starter] = {}
        self._open = True
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._open = False
        self._start_if_all_are_ready()

    def join(self, job: Starter) -> None:
        """A job that is about to run takes part."""
        with self._lock:
            if self._open:
                self._awaited[job.id] = job

    def has(self, job: Starter) -> bool:
        """Whether this job's child has to wait for the start."""
        with self._lock:
            return job.id in self._awaited

    def ready(self, job: Starter) -> None:
        """Its child could take its first step."""
        with self._lock:
            if self._awaited.pop(job.id, None):
                self._ready[job.id] = job
        self._start_if_all_are_ready()

    def leave(self, job: Starter) -> None:
        """It has ended: nobody waits for it."""
        with self._lock:
            self._awaited.pop(job.id, None)
            self._ready.pop(job.id, None)
        self._start_if_all_are_ready()

    def _start_if_all_are_ready(self) -> None:
        with self._lock:
            if self._open or self._awaited:
                return
            starting, self._ready = list(self._ready.values()), {}
        for job in starting:  # without the lock: a job has one of its own
            job.say("begin")
