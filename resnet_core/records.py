"""Records as JSON: every measurement is a frozen dataclass that survives a pipe, a file and a reload. No torch here.

JSON has no NaN and no infinity (RFC 8259, section 6), so a number that is not finite is written as ``null``. It is read
back as NaN where the field holds a number, and as ``None`` where the field may be absent.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, get_type_hints

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a measurement came about: the base of every record of one. :func:`resnet_core.devices.provenance` fills it.

    ``seed`` draws the weights and whatever else is drawn. ``device`` as a specification names it (cpu, cuda, mps),
    ``device_name`` as its maker does; ``threads`` are torch's, for one operator on the CPU. ``versions`` are those of
    what the numbers depend on, by package. ``time_s`` is the wall time of the measurement.
    """

    seed: int
    device: str
    device_name: str
    threads: int
    versions: dict[str, str]
    time_s: float


def to_dict(record: Any) -> dict[str, Any]:
    """The record's fields as plain JSON values, in their order."""
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def to_json(record: Any) -> str:
    """The record as one line of JSON."""
    return dumps(to_dict(record))


def dumps(values: Any) -> str:
    """Plain values as one line of strict JSON, with ``null`` for what is not finite."""
    return json.dumps(_plain(values), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_dict(kind: type[R], values: Mapping[str, Any]) -> R:
    """A record from its plain JSON values; unknown names are left out, so that an older program reads a newer file."""
    hints: dict[str, Any] = _hints(kind)  # type: ignore[arg-type]
    known = {name: _restore(hints[name], value) for name, value in values.items() if name in hints}
    return kind(**known)


@lru_cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)  # slow, and a run has many records of one kind


def from_json(kind: type[R], text: str) -> R:
    """A record from one line of JSON."""
    return from_dict(kind, json.loads(text))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _restore(hint: Any, value: Any) -> Any:
    if hint is float and value is None:
        return math.nan
    if isinstance(value, list):
        holds_numbers = hint == tuple[float, ...]
        return tuple(math.nan if holds_numbers and item is None else item for item in value)
    return value
