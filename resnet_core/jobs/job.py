"""One piece of work in a child process, as everybody else sees it. No torch here."""

import json
import logging
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.jobs.control import Command, say
from resnet_core.jobs.ends import ended_early, silent
from resnet_core.jobs.progress import Gauge, Stage
from resnet_core.jobs.store import FINISHED, Status, Writer
from resnet_core.jobs.stored import StoredRun, refusal_from
from resnet_core.jobs.tasks import RECORDS, TASKS, Kind
from resnet_core.jobs.together import Together
from resnet_core.jobs.worker import Worker
from resnet_core.records import from_line, is_line
from resnet_core.train.records import RunHeader, StepRecord
from resnet_core.train.tape import Tape

log = logging.getLogger(__name__)
STOP_GRACE_S = 10.0  # a training writes its weights when it is stopped; a short measurement has nothing to write
SILENT_S = 10.0  # a child that has not been heard of for so long is lost; it speaks every two seconds


class Job:
    """A task that waits, runs or has ended. Reading is safe from any thread.

    ``status``: as in :data:`resnet_core.jobs.store.Status`. ``header`` and ``tape``: the facts and the course of a
    training; what other tasks put out stands in ``records``, which only ever grows. ``error``: why it failed, in a
    sentence. ``warning``: what went wrong although the job goes on. ``finished_at``: ``time.monotonic()`` of its end.
    ``pid``: its process. ``threads``: of torch, for one operator on the CPU. ``slow_s``: how long it waits after each
    record, as it was last told.
    """

    def __init__(
        self,
        job_id: str,
        task: str,
        args: tuple[Any, ...],
        *,
        place_of: Callable[["Job"], int],
        label: str = "",
        threads: int = 1,
        writer: Writer | None = None,
        before: StoredRun | None = None,
        together: Together | None = None,
    ) -> None:
        self.together = together
        self.id, self.task, self.args, self.label, self.threads = job_id, task, args, label, threads
        self.status: Status = "waiting"
        self.header: RunHeader | None = before.header if before else None
        self.tape = before.tape if before else Tape()
        self.records: list[Any] = []
        self.error: Refusal | None = None
        self.finished_at: float | None = None
        self.pid: int | None = None
        self.slow_s = 0.0
        self._gauge = Gauge()
        self._place_of = place_of
        self._writer = writer
        self._after = self.tape.last.step if self.tape.last else 0
        self._warning: Refusal | None = None
        self._connection: Connection | None = None
        self._worker: Worker | None = None
        self._begun = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._stop_asked = False
        if writer and before:
            writer.reopen()
        self._write_header()

    @property
    def kind(self) -> Kind:
        """Whose slots it takes."""
        return TASKS[self.task].kind

    @property
    def place(self) -> int:
        """Its place in the queue, from 1; 0 when it does not wait."""
        return self._place_of(self)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self._ended.is_set()

    @property
    def stage(self) -> Stage | None:
        """How far a study is, None before it has said so; a training's steps tell that."""
        return self._gauge.stage

    @property
    def warning(self) -> Refusal | None:
        """What went wrong although the job goes on: its run folder, or a checkpoint, cannot be written."""
        return (self._writer.warning if self._writer else None) or self._warning

    @property
    def options(self) -> dict[str, Any]:
        """What the task is told of the folder that it may write into, and of the records that stand there already."""
        return {"folder": str(self._writer.folder), "after": self._after} if self._writer else {}

    def say(self, command: Command, **values: Any) -> None:
        """Pause, step, go on or slow down, after the record that it is working on. Returns at once.

        A slow motion is kept for one that still waits; nothing else is.
        """
        with self._lock:
            if command == "slow" and not self._ended.is_set():
                self.slow_s = float(values["seconds"])
            if self._connection is None or self._ended.is_set():
                return
            try:
                say(self._connection, command, **values)
            except OSError:
                return  # it has just ended by itself

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most ``timeout`` seconds; whether it has ended."""
        return self._ended.wait(timeout)

    def stop(self) -> None:
        """Ask it to end after the record that it is working on; what it recorded is kept. Returns at once."""
        with self._lock:
            if self._ended.is_set() or self._stop_asked:
                return
            self._stop_asked = True
            if not self._begun:
                self._finish("stopped")
                return
            self.status = "stopping"
            self._say_stop()

    def run(self, worker: Worker | None, spare: Callable[[], Worker], memory_bytes: int | None) -> Worker | None:
        """Have it done by a child, ``worker`` if that lives, else a new one, and take what it sends until the end.

        Called by the desk, in a thread of the job's own. The child, if it may take another order.
        """
        with self._lock:
            if self._ended.is_set():
                return worker
            self._begun = True
        try:
            worker = self._hand_over(worker, spare, memory_bytes)
        except (OSError, EOFError) as error:
            log.exception("job %s could not be started", self.id)
            self._fail(Refusal(N_("No process could be started for this ({reason})."), reason=str(error)))
            return None
        try:
            said = self._listen(worker.connection)
        except (KeyError, TypeError, ValueError):
            log.exception("job %s sent what is not a record", self.id)
            worker.terminate()
            said = None
        if said and "end" in said:
            with self._lock:
                self._finish(said["end"])
        elif said and "silent" in said:
            log.error("job %s: its process has been silent for %s s", self.id, SILENT_S)
            worker.kill()
            self._fail(silent(SILENT_S), "lost")
        elif said:
            log.error("job %s failed\n%s", self.id, said["traceback"])
            self._fail(refusal_from(said["failed"]))
        if said and "silent" not in said and TASKS[self.task].stays and not self._stop_asked:
            return worker
        code = worker.dismiss()
        if said is None and self._stop_asked:
            with self._lock:
                self._finish("stopped")
        elif said is None:
            log.error("job %s: its process ended with code %s", self.id, code)
            self._fail(ended_early(code))
        return None

    def _hand_over(self, worker: Worker | None, spare: Callable[[], Worker], memory_bytes: int | None) -> Worker:
        waits = {"ready": True} if self.together and self.together.has(self) else {}
        order = {
            "task": self.task, "args": list(self.args), "options": {**self.options, **waits}, "threads": self.threads,
            "memory_bytes": memory_bytes,
        }  # fmt: skip
        if worker is None or not worker.alive:
            worker = spare()
            worker.start()
        worker.order(**order)
        with self._lock:
            self._worker, self.pid = worker, worker.pid
            self._write_header()
            self.status, self._connection = "running", worker.connection
            if self.slow_s:
                say(worker.connection, "slow", seconds=self.slow_s)
            if self._stop_asked:
                self.status = "stopping"
                self._say_stop()
        return worker

    def _listen(self, connection: Connection) -> dict[str, Any] | None:
        """Take messages until the last word; None where the process ended without one."""
        while True:
            try:
                if not connection.poll(SILENT_S):
                    return {"silent": True}
                told = connection.recv_bytes()
            except (EOFError, OSError):
                return None
            message = {} if is_line(told) else json.loads(told)
            if not message:
                self._take(told)
            if "end" in message or "failed" in message:
                return dict(message)
            if "progress" in message:
                told = message["progress"]
                self._gauge(told["done"], told["of"], told["words"], **told["values"])
            elif "state" in message:
                with self._lock:
                    self.status = "stopping" if self._stop_asked else message["state"]
            elif "ready" in message and self.together:
                self.together.ready(self)
            elif "warning" in message:
                self._warning = refusal_from(message["warning"])

    def _take(self, line: bytes) -> None:
        """One record: its line goes into the file as it came."""
        record = from_line(RECORDS, line)
        if isinstance(record, RunHeader):
            if self.header is None:  # a run that goes on keeps the facts of its first start
                self.header = record
                self._write_header()
            return
        if self._writer:
            self._writer.record(line)
        if isinstance(record, StepRecord):
            self.tape.append(record)
        else:
            self.records.append(record)

    def _say_stop(self) -> None:
        if self._connection is None:
            return
        try:
            say(self._connection, "stop")
        except OSError:
            return  # it has just ended by itself
        # A task between two far-apart records would not look for the message in time.
        timer = threading.Timer(STOP_GRACE_S if TASKS[self.task].writes else 0, self._terminate)
        timer.daemon = True
        timer.start()

    def _terminate(self) -> None:
        if not self._ended.is_set() and self._worker is not None:
            self._worker.terminate()

    def _fail(self, error: Refusal, status: Status = "failed") -> None:
        with self._lock:
            self.error = error
            self._finish(status)

    def _finish(self, status: Status) -> None:
        """Set the last status, once; the lock is held."""
        assert status in FINISHED
        if self._writer:
            self._writer.end(end_values(status, self.error, self.tape))
        self._connection = None
        self.status, self.finished_at = status, time.monotonic()
        self._ended.set()

    def _write_header(self) -> None:
        if self._writer:
            known = header_values(self.task, self.args, self.label, self.threads, self.header)
            self._writer.header({**known, "pid": self.pid})


def header_values(
    task: str, args: tuple[Any, ...], label: str, threads: int, header: RunHeader | None
) -> dict[str, Any]:
    """What stands in ``header.json``; ``run`` is None until the run's header has come."""
    return {"task": task, "args": list(args), "label": label, "threads": threads, "run": header}


def end_values(status: Status, error: Refusal | None, tape: Tape) -> dict[str, Any]:
    """What stands in ``end.json``."""
    told = error and {"message": error.message, "field": error.field, "values": error.values}
    return {"status": status, "error": told, **_summary(tape)}


def _summary(tape: Tape) -> dict[str, Any]:
    """What a list of runs shows without reading their records."""
    if tape.last is None:
        return {}
    tested = tape.tests[-1].accuracy if tape.tests else None
    best = tape.best.accuracy if tape.best else None
    return {"step": tape.last.step, "time_s": tape.last.time_s, "test_accuracy": tested, "best_accuracy": best}
