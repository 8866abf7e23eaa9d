"""One piece of work in a child process, as everybody else sees it. No torch here."""

import json
import logging
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.jobs.child import STOP
from resnet_core.jobs.store import FINISHED, Status, Writer
from resnet_core.jobs.tasks import RECORDS, TASKS, Kind
from resnet_core.records import from_dict, to_dict
from resnet_core.train.records import RunHeader

log = logging.getLogger(__name__)
STOP_GRACE_S = 5.0
# multiprocessing collects the exit codes of all children whenever one is started; two threads that do so at once
# lose the code.
_PROCESSES = threading.Lock()


class Job:
    """A task that waits, runs or has ended. Reading is safe from any thread; ``records`` only ever grows.

    ``status``: waiting, running, done, stopped, failed. ``header``: the :class:`RunHeader` of a training, else None.
    ``error``: why it failed, in a sentence. ``warning``: why its folder cannot be written, while the job goes on.
    ``finished_at``: ``time.monotonic()`` of its end. ``pid``: its process.
    """

    def __init__(
        self,
        job_id: str,
        task: str,
        args: tuple[Any, ...],
        label: str,
        writer: Writer | None,
        place_of: Callable[["Job"], int],
    ) -> None:
        self.id, self.task, self.args, self.label = job_id, task, args, label
        self.status: Status = "waiting"
        self.header: RunHeader | None = None
        self.records: list[Any] = []
        self.error: Refusal | None = None
        self._place_of = place_of
        self.finished_at: float | None = None
        self.pid: int | None = None
        self._writer = writer
        self._connection: Connection | None = None
        self._process: Any = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._stop_asked = False
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
    def warning(self) -> Refusal | None:
        """Why the run folder cannot be written, if it cannot."""
        return self._writer.warning if self._writer else None

    def since(self, count: int) -> list[Any]:
        """The records after the first ``count``."""
        return self.records[count:]

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most ``timeout`` seconds; whether it has ended."""
        return self._ended.wait(timeout)

    def stop(self) -> None:
        """Ask it to end after the record that it is working on; what it recorded is kept. Returns at once."""
        with self._lock:
            if self._ended.is_set() or self._stop_asked:
                return
            self._stop_asked = True
            if self.status == "waiting" and self._process is None:
                self._finish("stopped")
                return
            self._say_stop()

    def run(self, process: Any, connection: Connection, childs_end: Connection) -> None:
        """Start the child and take what it sends until it ends. Called by the desk, in a thread of the job's own."""
        with self._lock:
            if self._ended.is_set():
                return
            self._process = process
        try:
            with _PROCESSES:
                process.start()
        except (OSError, EOFError) as error:
            log.exception("job %s could not be started", self.id)
            self._fail(Refusal(N_("No process could be started for this ({reason})."), reason=str(error)))
            return
        finally:
            childs_end.close()  # so that the end of the child is the end of the pipe
        with self._lock:
            self.pid = process.pid
            self.status, self._connection = "running", connection
            if self._stop_asked:
                self._say_stop()
        try:
            said = self._listen(connection)
        except (KeyError, TypeError, ValueError):
            log.exception("job %s sent what is not a record", self.id)
            process.terminate()
            said = None
        wait([process.sentinel])
        with _PROCESSES:
            process.join()
        if said is None and not self._stop_asked:
            log.error("job %s: its process ended with code %s", self.id, process.exitcode)
            self._fail(_ended_early(process.exitcode))
        elif said is None or "end" in said:
            with self._lock:
                self._finish("stopped" if said is None else said["end"])
        else:
            log.error("job %s failed\n%s", self.id, said["traceback"])
            told = said["failed"]
            self._fail(Refusal(told["message"], field=told["field"], **told["values"]))

    def _listen(self, connection: Connection) -> dict[str, Any] | None:
        """Take records until the last word; None where the process ended without one."""
        while True:
            try:
                message = json.loads(connection.recv_bytes())
            except (EOFError, OSError):
                return None
            if "record" not in message:
                return dict(message)
            record = from_dict(RECORDS[message["kind"]], message["record"])
            if isinstance(record, RunHeader):
                self.header = record
                self._write_header()
                continue
            if self._writer:
                self._writer.record(message)
            self.records.append(record)

    def _say_stop(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.send_bytes(STOP)
        except OSError:
            return  # it has just ended by itself
        # A task between two far-apart records would not look for the message in time.
        timer = threading.Timer(STOP_GRACE_S, self._terminate)
        timer.daemon = True
        timer.start()

    def _terminate(self) -> None:
        if not self._ended.is_set():
            self._process.terminate()

    def _fail(self, error: Refusal) -> None:
        with self._lock:
            self.error = error
            self._finish("failed")

    def _finish(self, status: Status) -> None:
        """Set the last status, once; the lock is held."""
        assert status in FINISHED
        self.status, self.finished_at = status, time.monotonic()
        if self._connection is not None:
            self._connection.close()
        if self._writer:
            told = self.error and {
                "message": self.error.message,
                "field": self.error.field,
                "values": self.error.values,
            }
            self._writer.end({"status": status, "error": told})
        self._ended.set()

    def _write_header(self) -> None:
        if self._writer:
            run = to_dict(self.header) if self.header else None
            self._writer.header({"task": self.task, "args": list(self.args), "label": self.label, "run": run})


def _ended_early(exit_code: int | None) -> Refusal:
    if exit_code is not None and exit_code < 0:
        return Refusal(
            N_("The process that measured this was ended by the system (signal {signal}); what it had recorded is "
               "kept."),
            signal=-exit_code,
        )  # fmt: skip
    return Refusal(
        N_("The process that measured this ended without a word (code {code}); what it had recorded is kept."),
        code=exit_code,
    )
