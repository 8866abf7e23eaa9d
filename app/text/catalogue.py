"""Reads the gettext catalogues and says a message in a language.

A message id is the English sentence itself, with ``{named}`` places, marked in the source by ``words(...)``,
``N_(...)`` or ``Refusal(...)``. ``python -m app.text.update`` brings the catalogues up to date with the source.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from app.text.particles import fitted
from resnet_core.errors import FieldName, Refusal

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "ko": "한국어"}  # each in its own name, for the switch


def path_of(language: str) -> Path:
    """Where a language's catalogue lies."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """A language's catalogue as it lies on disk."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


class Words:
    """Says messages in one language. A message that its catalogue lacks is said in English."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._table = {str(entry.id): str(entry.string) for entry in read(language) if entry.id and entry.string}

    def __call__(self, message: str, /, **values: Any) -> str:
        """The message with its places filled in; a value that is itself a message must be translated before."""
        template = self._table.get(message, message)
        if not values:
            return template
        filled = template.format(**values)
        return fitted(filled) if self.language == "ko" else filled

    def refusal(self, refusal: Refusal) -> str:
        """A refusal of the library, in this language."""
        return self(refusal.message, **refusal.said(self.field))

    def field(self, field: FieldName) -> str:
        """A field by the title that its widget has, with its value where it has one."""
        value = self(field.label) if field.label else field.value
        return f"{self(field.title)} {value}".strip()


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """The messages of a language, read once."""
    return Words(language)


def nearest_language(locale: str | None) -> str:
    """The language for a browser's locale such as ``ko-KR``; English where there is none of its own."""
    prefix = (locale or "").replace("_", "-").split("-")[0].lower()
    return prefix if prefix in LANGUAGES else "en"
