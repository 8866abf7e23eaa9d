"""A child process and this program's end of its pipe. No torch here."""

import threading
from multiprocessing.connection import Connection, wait
from typing import Any

from resnet_core.jobs import child
from resnet_core.records import dumps

# multiprocessing collects the exit codes of all children whenever one is started; two threads that do so at once
# lose the code.
_PROCESSES = threading.Lock()


class Worker:
    """One child. It takes one order after the other, as long as each says that it may stay."""

    def __init__(self, context: Any) -> None:
        self.connection: Connection
        self.connection, self._childs_end = context.Pipe(duplex=True)
        self._process = context.Process(target=child.run, args=(self._childs_end,), daemon=True)

    @property
    def pid(self) -> int:
        """Its process."""
        return int(self._process.pid)

    def start(self) -> None:
        """Start the process. OSError or EOFError where the system gives none."""
        try:
            with _PROCESSES:
                self._process.start()
        finally:
            self._childs_end.close()  # so that the end of the child is the end of the pipe

    def order(self, **values: Any) -> None:
        """Hand over a task: ``task``, ``args``, ``options``, ``threads``, ``memory_bytes``."""
        self.connection.send_bytes(dumps(values).encode())

    def terminate(self) -> None:
        """Ask the system to end it."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()

    def dismiss(self) -> int | None:
        """Close the pipe, upon which it ends, and wait for that; its exit code."""
        self.connection.close()
        wait([self._process.sentinel])
        with _PROCESSES:
            self._process.join()
        code: int | None = self._process.exitcode
        return code

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        with _PROCESSES:
            return bool(self._process.is_alive())
