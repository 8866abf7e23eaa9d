"""The desk: hand work in, get a :class:`Job` whose records arrive while it runs.

``forkserver`` children, each with one job at a time: a pool would lose every job when one child is killed, and a thread
would hold up the page. No torch here: the fork server and the children import it, the caller's process never does.
"""

import atexit
import multiprocessing
import multiprocessing.forkserver
import os
import threading
from collections import deque
from pathlib import Path
from typing import Any

import psutil

from resnet_core.errors import N_, Refusal
from resnet_core.jobs.job import Job
from resnet_core.jobs.store import (
    HEADER,
    Writer,
    delete,
    folder_of,
    going_on,
    is_alive,
    load,
    new_id,
    prune,
    root_folder,
)
from resnet_core.jobs.stored import StoredRun, read
from resnet_core.jobs.tasks import TASKS, Kind
from resnet_core.jobs.together import Together
from resnet_core.jobs.worker import Worker
from resnet_core.recorded import RUNS as RECORDED

PROBE_SLOTS = 2
REMEMBERED = 200
OPENED = 40  # runs from folders that are held in memory; one page shows up to 20
CLOSE_S = 10.0


class Desk:
    """Takes jobs, runs as many at once as there are slots, keeps the others waiting in order.

    ``slots``: trainings at once (default: one a core, at least two); probes have two of their own, so that a training
    does not hold up a page that asks for a measurement, and what takes a time has one. ``root``: the folder of the run
    folders. ``memory_bytes``: what one child may take, by default the machine's memory: beyond that it is told so,
    instead of taking the page down.
    """

    def __init__(
        self, slots: int | None = None, root: str | Path | None = None, *, memory_bytes: int | None = None
    ) -> None:
        self.root = root_folder(root)
        self._free: dict[Kind, int] = {
            "train": slots or max(2, os.cpu_count() or 1), "probe": PROBE_SLOTS, "timing": 1,
        }  # fmt: skip
        self._waiting: dict[Kind, deque[Job]] = {kind: deque() for kind in self._free}
        self._jobs: dict[str, Job] = {}
        self._opened: dict[str, StoredRun] = {}
        self._idle: list[Worker] = []  # children that may take another order
        self._memory_bytes = memory_bytes or psutil.virtual_memory().total
        self._lock = threading.RLock()
        self._closed = False
        atexit.register(self.close)  # before multiprocessing's own, which would kill the children
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["resnet_core.jobs.preload"])

    def warm(self) -> None:
        """Start the fork server in the background, so that the first job finds torch imported. Returns at once."""
        threading.Thread(target=multiprocessing.forkserver.ensure_running, name="warm", daemon=True).start()

    def submit(
        self,
        task: str,
        *args: Any,
        keep: bool = False,
        label: str = "",
        threads: int = 1,
        together: Together | None = None,
    ) -> Job:
        """Hand in one of :data:`TASKS` with plain JSON values; with ``keep`` it gets a run folder.

        It starts at once if a slot is free and waits otherwise. One thread gives the same bits each time.
        Trainings with the same ``together`` take their first steps at the same time.
        """
        if task not in TASKS:
            raise Refusal(N_("There is no task {task}; there are {tasks}."), task=task, tasks=", ".join(TASKS))
        job_id = new_id()
        writer = Writer(self.root, job_id) if keep else None
        job = Job(
            job_id, task, args, place_of=self._place, label=label, threads=threads, writer=writer, together=together
        )
        alive = self._begin(job)
        if keep:
            prune(self.root, alive)
        return job

    def resume(self, run_id: str) -> Job:
        """Let a kept training that has ended early go on, in its own folder, with as many threads as before."""
        before, folder = read(self.root, run_id), folder_of(self.root, run_id)
        if before is None or folder is None or before.task != "train":
            raise Refusal(N_("The run {run} is not kept here."), run=run_id)
        if is_alive(folder):
            raise going_on(run_id)
        head = load(folder / HEADER) or {}
        writer = Writer(self.root, run_id)
        writer.claim()  # two programs may be asked in the same moment
        job = Job(
            run_id, before.task, before.args, place_of=self._place, label=before.label,
            threads=int(head.get("threads", 1)), writer=writer, before=before,
        )  # fmt: skip
        self._opened.pop(run_id, None)
        self._begin(job)
        return job

    def _begin(self, job: Job) -> set[str]:
        """Put a job into its queue; the ids of all that are alive."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this desk is closed")
            self._forget_old()
            self._jobs[job.id] = job
            self._waiting[job.kind].append(job)
            if job.together and self._free[job.kind] and self._place(job) == 1:
                job.together.join(job)
            self._start_next()
            return {known.id for known in self._jobs.values() if not known.finished}

    def get(self, run_id: str) -> Job | StoredRun | None:
        """A job of this desk, or a run from its folder; None for an id that names neither."""
        with self._lock:
            job = self._jobs.get(run_id)
            stored = self._opened.get(run_id)
        if job is not None and not self._goes_on_elsewhere(job):
            return job
        if stored is not None and stored.folder.exists():
            stored.refresh()  # another program may write it, or have let it go on
            return stored
        stored = read(self.root, run_id) or read(RECORDED, run_id)  # or one that ships with the project
        with self._lock:
            self._opened.pop(run_id, None)
            if stored is not None:
                self._opened[run_id] = stored
                while len(self._opened) > OPENED:
                    del self._opened[next(iter(self._opened))]
        return stored

    def _goes_on_elsewhere(self, job: Job) -> bool:
        """Whether a run that has ended here was continued by another program that serves the same folder."""
        folder = folder_of(self.root, job.id)
        if not job.finished or not job.options or job.warning or folder is None or not is_alive(folder):
            return False
        self.forget(job)
        return True

    def delete(self, run_id: str) -> None:
        """Delete a run's folder and forget the run. One that is alive, here or elsewhere, is refused."""
        delete(self.root, run_id)
        with self._lock:
            self._opened.pop(run_id, None)
            job = self._jobs.get(run_id)
            if job is not None and job.finished:
                del self._jobs[run_id]

    def forget(self, job: Job) -> None:
        """Let go of a finished job whose records are large; who holds it may go on reading it."""
        with self._lock:
            if job.finished and self._jobs.get(job.id) is job:
                del self._jobs[job.id]

    def jobs(self) -> list[Job]:
        """The jobs that this desk remembers, the oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def close(self) -> None:
        """Stop every job and take no more."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait(timeout=CLOSE_S)
        while self._idle:
            self._idle.pop().dismiss()
        atexit.unregister(self.close)

    def _start_next(self) -> None:
        """Give free slots to the first that wait; the lock is held."""
        for kind, waiting in self._waiting.items():
            while waiting and (waiting[0].finished or self._free[kind]):
                job = waiting.popleft()
                if not job.finished:
                    self._free[kind] -= 1
                    threading.Thread(target=self._run, args=(job,), name=f"job {job.id}", daemon=True).start()

    def _place(self, job: Job) -> int:
        with self._lock:
            queue = [waiting for waiting in self._waiting[job.kind] if not waiting.finished]
        return queue.index(job) + 1 if job in queue else 0

    def _run(self, job: Job) -> None:
        limit = None if "cuda" in str(job.args) else self._memory_bytes  # CUDA reserves far more addresses than it uses
        stays = TASKS[job.task].stays
        with self._lock:
            worker = self._idle.pop() if stays and self._idle else None
        try:
            worker = job.run(worker, lambda: Worker(self._context), limit)
        finally:
            if job.together:
                job.together.leave(job)
            with self._lock:
                self._free[job.kind] += 1
                if worker is not None and not self._closed:
                    self._idle.append(worker)
                    worker = None
                self._start_next()
            if worker is not None:
                worker.dismiss()

    def _forget_old(self) -> None:
        """A run that is kept can be read from its folder again: of those, few stay in memory."""
        finished = [job for job in self._jobs.values() if job.finished]
        kept = [job for job in finished if job.options and not job.warning]
        surplus = [*kept[: max(0, len(kept) - OPENED)], *finished[: max(0, len(self._jobs) - REMEMBERED)]]
        for job in surplus:
            self._jobs.pop(job.id, None)
