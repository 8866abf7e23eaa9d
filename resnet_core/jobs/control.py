"""How a child is steered: pause, one step, go on, slow down, stop.

The parent says an object with ``do``: ``pause``, ``step`` (one more record, then wait again), ``go``, ``slow`` (with
``seconds``: wait so long after each record; 0 is full speed), ``stop`` or ``begin``. The child answers each change of
state with ``state``: ``paused`` or ``running``. A pause may hold it in the middle of a step; all else waits for the
record. One that starts together with others says ``{"ready": true}`` before its first step and waits for ``begin``. It
says ``{"alive": true}`` every two seconds, so that a silent one is known to be lost, however long its steps take.
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Literal

from resnet_core.records import dumps

Command = Literal["pause", "step", "go", "slow", "stop", "begin"]
HEARTBEAT_S = 2.0
LOOK_S = 0.01  # between two looks in the middle of a step
TELL_S = 0.2  # between two words on how far a study is
TOGETHER_S = 20.0  # that one waits for the others of its race; longer than the slowest of them takes to be built


class Stopped(BaseException):
    """The parent wants no more, and the work is between two records. No study takes this for a fault of its own."""


def say(connection: Connection, command: Command, **values: Any) -> None:
    """Tell the child at the other end."""
    connection.send_bytes(dumps({"do": command, **values}).encode())


class Control:
    """The child's end of the pipe. Sending is safe from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._paused = False
        self._steps = 0  # records that a pause still lets through
        self._slow_s = 0.0
        self._stopped = False
        self._begun = False
        self._told: tuple[str, float] = "", 0.0  # the last word on progress, and when
        self._looked_at = 0.0

    def send(self, message: dict[str, Any]) -> None:
        """Send one message to the parent."""
        with self._sending:
            self._connection.send_bytes(dumps(message).encode())

    def hand_over(self, line: bytes) -> None:
        """Send one record to the parent, as :func:`resnet_core.records.to_line` makes it."""
        with self._sending:
            self._connection.send_bytes(line)

    def next_order(self) -> dict[str, Any]:
        """Wait for the next order. EOFError where the parent is gone."""
        while True:
            told: dict[str, Any] = json.loads(self._connection.recv_bytes())
            if "task" in told:  # not a late word to the task before
                self._paused, self._steps, self._slow_s = False, 0, 0.0
                self._stopped = self._begun = False
                self._told = "", 0.0
                return told

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Meanwhile, tell the parent from a thread that this process lives."""
        over = threading.Event()

        def tell() -> None:
            with contextlib.suppress(OSError):  # the parent is gone
                while True:
                    self.send({"alive": True})
                    if over.wait(HEARTBEAT_S):
                        return

        threading.Thread(target=tell, name="heartbeat", daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def hold(self) -> float:
        """Called in the middle of a record's work: take what the parent said, and wait while it wants; how long it was.

        A stop and a slower pace wait for the record's end, and so does the end of the parent: half a step leaves
        nothing that could be kept.
        """
        arrived = None
        now = time.monotonic()
        if now - self._looked_at < LOOK_S:  # a unit takes a millisecond or two, and a look a good part of one
            return 0.0
        self._looked_at = now
        with contextlib.suppress(EOFError, OSError):
            while not self._stopped:
                if not self._connection.poll(0):
                    if not self._paused or self._steps > 0:
                        break
                    arrived = arrived or time.perf_counter()
                    self._connection.poll(None)
                self._take(json.loads(self._connection.recv_bytes()))
        return time.perf_counter() - arrived if arrived else 0.0

    def ready(self) -> None:
        """Called before the first step of one that starts together with others: wait until they can, but not for ever.

        A stop ends the wait. A pause does not: it holds the first step.
        """
        self.send({"ready": True})
        until = time.monotonic() + TOGETHER_S
        while not (self._begun or self._stopped) and self._connection.poll(max(0.0, until - time.monotonic())):
            self._take(json.loads(self._connection.recv_bytes()))

    def progress(self, done: float, of: float, words: str, /, **values: Any) -> None:
        """Tell the parent how far the work is: a new sentence at once, else five times a second.

        :class:`Stopped` where the parent has asked to end.
        """
        told, at = self._told
        now = time.monotonic()
        if words == told and now - at < TELL_S:
            return
        self._told = words, now
        self.send({"progress": {"done": done, "of": of, "words": words, "values": values}})
        while self._connection.poll(0):
            self._take(json.loads(self._connection.recv_bytes()))
        if self._stopped:
            raise Stopped

    def goes_on(self) -> bool:
        """Called after each record: take what the parent said, wait while it wants, and say whether to go on."""
        arrived = time.monotonic()
        self._steps -= 1
        while not self._stopped:
            if self._paused:
                wait_s = None if self._steps <= 0 else 0.0
            else:
                wait_s = max(0.0, arrived + self._slow_s - time.monotonic())
            if not self._connection.poll(wait_s):
                break
            self._take(json.loads(self._connection.recv_bytes()))
        return not self._stopped

    def _take(self, told: dict[str, Any]) -> None:
        match told["do"]:
            case "pause":
                self._become(paused=True)
            case "step":
                self._steps = max(0, self._steps) + 1
                self._become(paused=True)
            case "go":
                self._become(paused=False)
            case "slow":
                self._slow_s = float(told["seconds"])
            case "stop":
                self._stopped = True
            case "begin":
                self._begun = True

    def _become(self, *, paused: bool) -> None:
        self._paused = paused
        self.send({"state": "paused" if paused else "running"})
