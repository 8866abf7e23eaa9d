"""Records: what was measured, as frozen values that survive a pipe, a file and a reload. No torch here.

A class of records is a dataclass under :class:`Record`; pydantic builds one encoder and decoder for it, once. JSON has
no NaN and no infinity (RFC 8259, section 6), so a number that is not finite is written as the string ``"NaN"``,
``"Infinity"`` or ``"-Infinity"`` and comes back as it was. Files of earlier versions have ``null`` there, whichever it
was: that is read as NaN where the field holds a number, and as ``None`` where it may be absent.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json as encoded

NOT_FINITE: Any = "strings"
# What a record's number must be, so that whoever draws it may divide by it. Checked where a record is read.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Some = Annotated[int, Field(ge=1, lt=2**63)]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
LINE = re.compile(rb'\{"kind":"(\w+)","record":(\{.*\})\}\n?', re.DOTALL)


class Record:
    """The base of whatever is written down; a class of records is a dataclass under it."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(ser_json_inf_nan=NOT_FINITE)


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance(Record):
    """How a measurement came about: the base of every record of one. :func:`resnet_core.devices.provenance` fills it.

    ``seed`` draws the weights and whatever else is drawn. ``device`` as a specification names it (cpu, cuda, mps),
    ``device_name`` as its maker does; ``threads`` are torch's, for one operator on the CPU. ``versions`` are those of
    what the numbers depend on, by package. ``time_s`` is the wall time of the measurement.
    """

    seed: int
    device: str
    device_name: str
    threads: Whole
    versions: dict[str, str]
    time_s: float


class _Codecs(dict[type[Record], TypeAdapter[Any]]):
    """One encoder and decoder a class: milliseconds to build, microseconds to use."""

    def __missing__(self, kind: type[Record]) -> TypeAdapter[Any]:
        self[kind] = TypeAdapter(kind)
        return self[kind]


_CODECS = _Codecs()


def to_json(record: Record) -> str:
    """The record as one line of strict JSON."""
    return _CODECS[type(record)].dump_json(record).decode()


def from_json(kind: type[R], text: str | bytes) -> R:
    """A record from its JSON. Names that this version does not know are left out, so that it reads a newer file.

    ValueError where the text is no JSON, or does not hold what a record of this kind needs.
    """
    codec: TypeAdapter[R] = _CODECS[kind]
    try:
        return codec.validate_json(text)
    except ValidationError as error:
        return codec.validate_python(_mended(json.loads(text), error))


def to_dict(record: Record) -> dict[str, Any]:
    """The record's fields as plain values, in their order; what is not finite stays a float."""
    values: dict[str, Any] = _CODECS[type(record)].dump_python(record, mode="json")
    return values


def from_dict(kind: type[R], values: Any) -> R:
    """A record from plain values, as :func:`from_json` has it from text."""
    codec: TypeAdapter[R] = _CODECS[kind]
    try:
        return codec.validate_python(values)
    except ValidationError as error:
        return codec.validate_python(_mended(values, error))


def to_line(record: Record) -> bytes:
    """The record with the name of its class, as it goes through a pipe and stands in a file: one line, without its
    end."""
    kind = type(record)
    return b'{"kind":"%b","record":%b}' % (kind.__name__.encode(), _CODECS[kind].dump_json(record))


def is_line(message: bytes) -> bool:
    """Whether a message is a record, as :func:`to_line` makes it."""
    return message.startswith(b'{"kind":')


def from_line(kinds: Mapping[str, type[R]], line: bytes) -> R:
    """The record of a line. KeyError where its class is not one of ``kinds``, ValueError where it is no record."""
    found = LINE.fullmatch(line)
    if found is None:
        raise ValueError("a record's line has its kind and the record")
    return from_json(kinds[found[1].decode()], found[2])


def dumps(values: Any) -> str:
    """Plain values and records as one line of strict JSON, what is not finite as in a record."""
    return encoded(values, inf_nan_mode=NOT_FINITE).decode()


def _mended(values: Any, error: ValidationError) -> Any:
    """The values with NaN where an earlier version wrote ``null`` for a number; the error where another flaw is."""
    for flaw in error.errors(include_url=False):
        if flaw["type"] != "float_type" or flaw["input"] is not None:
            raise error
        values = _replaced(values, flaw["loc"], math.nan)
    return values


def _replaced(values: Any, place: tuple[int | str, ...], value: float) -> Any:
    """A copy of nested dictionaries and lists with another value at one place."""
    if not place:
        return value
    here, *further = place
    copy: Any = dict(values) if isinstance(values, Mapping) else list(values)
    copy[here] = _replaced(copy[here], tuple(further), value)
    return copy
