"""The field table: what a specification is made of, for everything that is derived from it.

A specification is a frozen pydantic model whose fields are declared with :func:`choice`, :func:`switch`,
:func:`whole`, :func:`wholes`, :func:`real`, :func:`real_or_off`, :func:`size` and :func:`token`. The widgets, the
link, the cache keys, the command line and the tests walk :func:`field_table` of the model; none of them names a field
by hand.

A field that has no effect in a specification keeps its value, and its ``idle`` function says in a sentence why.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypedDict, Unpack

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from resnet_core.errors import N_, FieldName, Refusal

Kind = Literal["choice", "switch", "whole", "wholes", "real", "real_or_off", "size", "token"]
Idle = Callable[[Any], str]  # specification in; out why the field has no effect there, as a message id, or ""
Source = str | Mapping[Any, str] | Callable[[Any], str]
# How prominent its widget is: a large toggle, always in view, folded away (under "more", or under a heading of its own
# in the recipe), or no widget.
Place = Literal["toggle", "main", "more", "data", "length", "descent", "device", "hidden"]


class SpecField(NamedTuple):
    """One row of the field table. ``title``, ``help`` and the labels of ``choices`` are English message ids."""

    name: str
    kind: Kind
    default: Any
    title: str
    help: str
    place: Place
    choices: Mapping[str, str]  # value -> label
    minimum: float | None
    maximum: float | None
    idle: Idle
    source: Source
    suggested: tuple[Any, ...]


class Row(TypedDict, total=False):
    """What a field says besides: why it has no effect, which paper brought it, and values that are often chosen.

    ``source``: the paper of any value but the default; or of each value that has one; or a function of the
    specification.
    """

    idle: Idle
    source: Source
    suggested: tuple[Any, ...]


def _always(_: Any) -> str:
    """The field always has an effect."""
    return ""


def _declare(kind: Kind, default: Any, title: str, help_: str, place: Place, row: Row, /, **limits: Any) -> Any:
    choices = limits.pop("choices", {})
    bounds = {name: limits[name] for name in ("ge", "le") if name in limits}
    extra: Any = {"kind": kind, "place": place, "choices": choices, "limits": bounds, "row": row}
    return Field(default, title=title, description=help_, json_schema_extra=extra, **limits)


def choice(default: str, title: str, help_: str, place: Place, choices: Mapping[str, str], **row: Unpack[Row]) -> Any:
    """A field with named values; ``choices`` maps each value to its label."""
    return _declare("choice", default, title, help_, place, row, choices=choices)


def switch(default: bool, title: str, help_: str, place: Place, **row: Unpack[Row]) -> Any:
    """A field that is on or off."""
    return _declare("switch", default, title, help_, place, row)


def whole(default: int, title: str, help_: str, place: Place, minimum: int, maximum: int, **row: Unpack[Row]) -> Any:
    """A whole number between two bounds, both included."""
    return _declare("whole", default, title, help_, place, row, ge=minimum, le=maximum)


def wholes(default: tuple[int, ...], title: str, help_: str, place: Place, **row: Unpack[Row]) -> Any:
    """A row of whole numbers, written ``3,4,6,3``."""
    return _declare("wholes", default, title, help_, place, row)


def real(
    default: float, title: str, help_: str, place: Place, minimum: float, maximum: float, **row: Unpack[Row]
) -> Any:
    """A real number between two bounds, both included."""
    return _declare("real", default, title, help_, place, row, ge=minimum, le=maximum)


def real_or_off(title: str, help_: str, place: Place, minimum: float, maximum: float, **row: Unpack[Row]) -> Any:
    """A real number between two bounds, both included, or None, which is written ``off``. It starts as None."""
    return _declare("real_or_off", None, title, help_, place, row, ge=minimum, le=maximum)


def size(default: int, title: str, help_: str, place: Place, minimum: int, maximum: int) -> Any:
    """Height and width in pixels: one number for a square, else ``320x240``."""
    # Its bounds are checked by read_size, for pydantic's would compare a text with a number.
    extra: Any = {"kind": "size", "place": place, "choices": {}, "limits": {"ge": minimum, "le": maximum}, "row": {}}
    return Field(default, title=title, description=help_, json_schema_extra=extra)


def token(title: str, help_: str, pattern: str, longest: int = 64) -> Any:
    """The name of something that lies elsewhere, such as an uploaded archive, or what no widget could show; empty for
    none. It has no widget."""
    return _declare("token", "", title, help_, "hidden", {}, pattern=f"^({pattern})?$", max_length=longest)


def read_off(value: Any) -> Any:
    """None for ``off``, whichever way it is written."""
    off = value is False or (isinstance(value, str) and value.strip().lower() in ("", "off", "none"))
    return None if off else value


def read_size(value: Any, minimum: int, maximum: int) -> int | str:
    """A number for a square, ``320x240`` (height x width) for any other; ValueError for what is neither."""
    sides = re.fullmatch(r"\s*(\d{1,9})\s*(?:[xX×]\s*(\d{1,9})\s*)?", str(value)) if _is_whole_or_text(value) else None
    if sides is None:
        raise ValueError
    height, width = int(sides[1]), int(sides[2] or sides[1])
    if not all(minimum <= side <= maximum for side in (height, width)):
        raise ValueError
    return height if height == width else f"{height}x{width}"


def _is_whole_or_text(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


class Specification(BaseModel):
    """A frozen, validated value. Every way to make one, from keywords, JSON or text, raises :class:`Refusal` alike."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _explain(type(self), error.errors()[0]) from error

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """As pydantic's, from a mapping of fields."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise _explain(cls, error.errors()[0]) from error

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """As pydantic's, from a JSON object, perhaps edited by hand."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise _explain(cls, error.errors()[0]) from error

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """As pydantic's, but validated: an impossible combination is refused rather than copied."""
        return type(self)(**{**self.values(), **(update or {})})

    def with_(self, **changes: Any) -> Self:
        """A copy with some fields changed; values may be text (``skip="false"``, ``stages="3,4,6,3"``)."""
        return self.model_copy(update=changes)

    def idle(self, name: str) -> str:
        """Why a field has no effect here, as a message id; empty where it has one."""
        return _row(type(self), name).get("idle", _always)(self)

    @classmethod
    def said(cls, name: str, value: Any = None) -> FieldName:
        """A field for a refusal, with its value where one is given."""
        field = field_table(cls)[name]
        return FieldName(name, field.title, to_text(value) if value is not None else "", field.choices.get(value, ""))

    def sources(self) -> list[str]:
        """The papers of the fields that are not at their default and have an effect, in the fields' order."""
        found: list[str] = []
        for name, value in self.values().items():
            told = _row(type(self), name).get("source", "")
            if value == type(self).model_fields[name].default or self.idle(name):
                continue
            paper = told if isinstance(told, str) else told(self) if callable(told) else told.get(value, "")
            found += [paper] if paper and paper not in found else []
        return found

    def values(self) -> dict[str, Any]:
        """Every field with its value, in the order of the field table."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def differences(self, other: Self) -> dict[str, tuple[Any, Any]]:
        """The fields in which ``other`` differs: name -> (here, there)."""
        theirs = other.values()
        return {name: (value, theirs[name]) for name, value in self.values().items() if value != theirs[name]}


def _row(model: type[Specification], name: str) -> Row:
    extra: Any = model.model_fields[name].json_schema_extra
    row: Row = extra["row"]
    return row


def field_table(model: type[Specification]) -> dict[str, SpecField]:
    """The rows of a specification, in order of declaration."""
    table = {}
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        assert isinstance(extra, dict), f"{name} is not declared with a function of resnet_core.fields"
        limits: Any = extra["limits"]
        row: Any = extra["row"]
        table[name] = SpecField(
            name=name,
            kind=extra["kind"],  # type: ignore[arg-type]
            default=info.default,
            title=info.title or name,
            help=info.description or "",
            place=extra["place"],  # type: ignore[arg-type]
            choices=extra["choices"],  # type: ignore[arg-type]
            minimum=limits.get("ge"),
            maximum=limits.get("le"),
            idle=row.get("idle", _always),
            source=row.get("source", ""),
            suggested=row.get("suggested", ()),
        )
    return table


def to_text(value: Any) -> str:
    """A value as it stands in a link and after ``--set``: ``true``, ``3,4,6,3``, ``27,`` for one stage, ``off``."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value)) + ("," if len(value) == 1 else "")
    return str(value)


def shown(value: Any) -> str:
    """As :func:`to_text`, for a title that nobody reads back: ``27``."""
    return to_text(value).removesuffix(",")


def _explain(model: type[Specification], error: ErrorDetails) -> Refusal:
    """One sentence that teaches, for the first thing that pydantic found wrong."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Refusal):
        return cause
    if error["type"] == "json_invalid":
        return Refusal(N_("This is not JSON: {reason}."), reason=error["ctx"]["error"])
    if error["type"] == "model_type":
        return Refusal(N_("A specification is an object of fields and values; got {got}."), got=shorten(error["input"]))
    table = field_table(model)
    name = str(error["loc"][0]) if error["loc"] else ""
    got = shorten(error.get("input"))
    if name not in table:
        return Refusal(
            N_("There is no field {name}; the fields are {fields}."), name=shorten(name), fields=", ".join(table)
        )
    field = table[name]
    said = FieldName(name, field.title)
    if field.kind == "choice":
        return Refusal(
            N_("{name} is one of {choices}; got {got}."),
            field=name, name=said, choices=", ".join(field.choices), got=got,
        )  # fmt: skip
    if field.kind == "switch":
        return Refusal(N_("{name} is true or false; got {got}."), field=name, name=said, got=got)
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    if field.kind == "whole":
        return Refusal(
            N_("{name} is a whole number from {minimum} to {maximum}; got {got}."),
            field=name, name=said, got=got, **bounds,
        )  # fmt: skip
    if field.kind == "real":
        return Refusal(
            N_("{name} is a number from {minimum} to {maximum}; got {got}."), field=name, name=said, got=got, **bounds
        )
    if field.kind == "real_or_off":
        return Refusal(
            N_("{name} is off, or a number from {minimum} to {maximum}; got {got}."),
            field=name, name=said, got=got, **bounds,
        )  # fmt: skip
    if field.kind == "size":
        return Refusal(
            N_("{name} is a whole number from {minimum} to {maximum}, or height x width such as 320x240; got {got}."),
            field=name, name=said, got=got, **bounds,
        )  # fmt: skip
    return Refusal(N_("{name} cannot be read; got {got}."), field=name, name=said, got=got)


def shorten(value: object, limit: int = 40) -> str:
    """A value as it may be repeated in a message: one line, at most ``limit`` characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
