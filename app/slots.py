"""The two places for a network: A and B."""

from typing import Literal

Slot = Literal["a", "b"]
SLOTS: tuple[Slot, ...] = ("a", "b")
SLOT_NAMES: dict[Slot, str] = {"a": "A", "b": "B"}
