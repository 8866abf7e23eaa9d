"""Time that counts, and time that does not."""

import time


class Stopwatch:
    """The seconds between each start and the next pause, on top of ``before``; starting twice changes nothing."""

    def __init__(self, before: float = 0.0) -> None:
        self._before = before
        self._since: float | None = None

    def start(self) -> None:
        """Let it run."""
        if self._since is None:
            self._since = time.perf_counter()

    def pause(self) -> None:
        """Let it stand."""
        self._before, self._since = self.seconds(), None

    def leave_out(self, seconds: float) -> None:
        """Take back the latest seconds, in which nothing was done; while it stands, none of them was counted."""
        if self._since is not None:
            self._before -= seconds

    def seconds(self) -> float:
        """The sum up to now."""
        return self._before + (0.0 if self._since is None else time.perf_counter() - self._since)
