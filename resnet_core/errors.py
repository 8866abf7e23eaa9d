"""What the library says when it cannot do what it was asked."""

from typing import Any


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for this marker
    """Mark an English text for the translation catalogues and return it unchanged."""
    return message


class Refusal(ValueError):  # noqa: N818 - a refusal is an answer, not a fault
    """An input that cannot be used, told in one sentence that teaches.

    ``message`` is an English template with ``{named}`` places and doubles as the gettext message id, so a page can
    say the same sentence in another language; ``values`` fills the places; ``field`` names the specification field
    beside which the sentence belongs ("" where it belongs to the whole).
    """

    def __init__(self, message: str, /, *, field: str = "", **values: Any) -> None:
        self.message = message
        self.field = field
        self.values = values
        super().__init__(message, field, values)

    def __str__(self) -> str:
        return self.message.format(**self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        # Refusals cross the pipe from a child process; the default would lose the keyword arguments.
        return _restore, (type(self), self.message, self.field, self.values)


def _restore(kind: type[Refusal], message: str, field: str, values: dict[str, Any]) -> Refusal:
    return kind(message, field=field, **values)
