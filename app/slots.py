"""The places for networks: A and B, which Explore compares, and two more that may train beside them."""

from typing import Literal

Slot = Literal["a", "b", "c", "d"]
SLOTS: tuple[Slot, ...] = ("a", "b")
RACERS: tuple[Slot, ...] = ("a", "b", "c", "d")
SLOT_NAMES: dict[Slot, str] = {"a": "A", "b": "B", "c": "C", "d": "D"}
