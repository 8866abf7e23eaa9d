"""A progress bar on standard error, where that is a terminal and the work takes longer than half a second."""

import shutil
import sys
import time
from typing import Any

from resnet_core.jobs.progress import Gauge

PATIENCE_S = 0.5
PACE_S = 0.1
BLOCKS = 20


class Bar:
    """A :class:`resnet_core.study.Progress`. :meth:`clear` takes it away, before anything else is printed."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._gauge = Gauge()
        self._begun = self._drawn_at = time.monotonic()
        self._drawn = False

    def __call__(self, done: float, of: float, words: str, /, **values: Any) -> None:
        """Take one word, and draw the bar anew if it is time."""
        if not self._watched:
            return
        self._gauge(done, of, words, **values)
        now = time.monotonic()
        if now - self._begun >= PATIENCE_S and now - self._drawn_at >= PACE_S:
            self._drawn_at = now
            self._draw()

    def clear(self) -> None:
        """Take the bar away, if there is one."""
        if self._drawn:
            self._drawn = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201

    def _draw(self) -> None:
        stage = self._gauge.stage
        if stage is None:
            return
        left = "" if stage.left_s is None else f"  {stage.left_s:.0f} s left"
        told = stage.words.format(**stage.values)
        line = f"[{'#' * round(BLOCKS * stage.share):{BLOCKS}}] {stage.share:4.0%}{left}  {told}"
        self._drawn = True
        print(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)  # noqa: T201
