"""How far a piece of work is, and how long it will still take at its pace so far. No torch here."""

import time
from typing import Any, NamedTuple


class Stage(NamedTuple):
    """What is being done: ``words`` is an English message id with its ``values``, ``share`` goes from 0 to 1.

    ``left_s`` is None as long as there is no pace to reckon with.
    """

    words: str
    values: dict[str, Any]
    share: float
    left_s: float | None


class Gauge:
    """Takes what a study tells (:class:`resnet_core.study.Progress`). Reading is safe from any thread.

    Each new sentence is a stage of its own, with a pace of its own.
    """

    def __init__(self) -> None:
        self._told: tuple[str, dict[str, Any], float, float] | None = None  # words, values, share, when
        self._begun: tuple[float, float] = 0.0, 0.0  # share and time at the beginning of the stage

    def __call__(self, done: float, of: float, words: str, /, **values: Any) -> None:
        """Take one word."""
        now, share = time.monotonic(), min(1.0, max(0.0, done / of)) if of > 0 else 0.0
        if self._told is None or self._told[0] != words or share < self._told[2]:
            self._begun = share, now
        self._told = words, values, share, now

    @property
    def stage(self) -> Stage | None:
        """The latest, None before the first word."""
        told, (first, begun) = self._told, self._begun
        if told is None:
            return None
        words, values, share, at = told
        left = None
        if share > first:
            left = max(0.0, (at - begun) * (1 - share) / (share - first) - (time.monotonic() - at))
        return Stage(words, values, share, left)
