"""Maps as small pictures in a record: one byte a value, with the scale that gives the values back. No torch here."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Self

from resnet_core.records import Record, Some, Whole

BRIGHTEST = 255


@dataclass(frozen=True, slots=True)
class Picture(Record):
    """Some channels of one map, ``(C, H, W)``, row by row.

    ``channels`` are their numbers in the map, from 0. ``data`` is base64 of uint8: 0 is the value ``low``, 255 is
    ``high``, and what is not finite is 0. Each value of the picture is the mean over a square of ``shrink`` values of
    the map along each axis, where it is more than 1. ValueError where the bytes are not of that shape.
    """

    channels: tuple[Whole, ...]
    height: Some
    width: Some
    low: float
    high: float
    data: str
    shrink: Some = 1

    def __post_init__(self) -> None:
        if len(self.values) != len(self.channels) * self.height * self.width:
            raise ValueError("a picture has a byte for each value of its channels")

    @classmethod
    def of(cls, values: bytes, channels: tuple[int, ...], height: int, width: int, low: float, high: float,
           shrink: int = 1) -> Self:  # fmt: skip
        """From its bytes."""
        return cls(channels, height, width, low, high, b64encode(values).decode(), shrink)

    @property
    def values(self) -> bytes:
        """Its bytes."""
        return b64decode(self.data, validate=True)
