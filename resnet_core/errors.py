"""What the library says when it cannot do what it was asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for this marker
    """Mark an English text for the translation catalogues and return it unchanged."""
    return message


@dataclass(frozen=True)
class FieldName:
    """A field in a refusal, alone or with its value: by name, as after ``--set``, or by title on a page.

    ``title`` and ``label``, that of a named value, are message ids.
    """

    name: str
    title: str
    value: str = ""
    label: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.value}".strip()


class Refusal(ValueError):  # noqa: N818 - a refusal is an answer, not a fault
    """An input that cannot be used, told in one sentence that teaches.

    ``message`` is an English template with ``{named}`` places and doubles as the gettext message id, so a page can
    say the same sentence in another language; ``values`` fills the places; ``field`` names the specification field
    beside which the sentence belongs ("" where it belongs to the whole). A value may be a :class:`FieldName` or a list
    of them, which a page says otherwise than the command line.
    """

    def __init__(self, message: str, /, *, field: str = "", **values: Any) -> None:
        self.message = message
        self.field = field
        self.values = values
        super().__init__(message, field, values)

    def __str__(self) -> str:
        return self.message.format(**self.said(str))

    def said(self, name: Callable[[FieldName], str]) -> dict[str, Any]:
        """The values as they stand in the sentence, each field said by ``name``."""
        return {place: _said(value, name) for place, value in self.values.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        # Refusals cross the pipe from a child process; the default would lose the keyword arguments.
        return _restore, (type(self), self.message, self.field, self.values)


def _said(value: Any, name: Callable[[FieldName], str]) -> Any:
    if isinstance(value, list):
        return ", ".join(str(_said(item, name)) for item in value)
    return name(value) if isinstance(value, FieldName) else value


def _restore(kind: type[Refusal], message: str, field: str, values: dict[str, Any]) -> Refusal:
    return kind(message, field=field, **values)
