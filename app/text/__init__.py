"""Everything the pages say, in English and Korean, from gettext catalogues."""

from app.text.catalogue import LANGUAGES, Words, nearest_language, words

__all__ = ["LANGUAGES", "Words", "nearest_language", "words"]
