"""The catalogues: what the source says, in each language, with the same places to fill in."""

import pickle
import re
from string import Formatter

import pytest
from babel.messages.catalog import Catalog

from app.text import LANGUAGES, Words, nearest_language, words
from app.text.catalogue import path_of, read
from app.text.update import messages_in_source, updated
from resnet_core import Refusal
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS, ArchSpec

RENEW = "python -m app.text.update, then fill in what is empty"


def _entries(language: str) -> dict[str, str]:
    return {str(entry.id): str(entry.string) for entry in read(language) if entry.id}


def _places(template: str) -> list[tuple[str, str, str]]:
    """Each place with its format and conversion; text around it may change order."""
    return sorted(
        (name, format_ or "", conversion or "")
        for _, name, format_, conversion in Formatter().parse(template)
        if name is not None
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_message_of_the_source_and_no_other(language: str) -> None:
    source, catalogue = set(messages_in_source()), set(_entries(language))
    assert sorted(source - catalogue) == [], f"missing: {RENEW}"
    assert sorted(catalogue - source) == [], f"stale: {RENEW}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_is_empty_or_doubtful(language: str) -> None:
    catalogue = read(language)
    assert [entry.id for entry in catalogue if entry.id and not str(entry.string).strip()] == [], RENEW
    assert [entry.id for entry in catalogue if entry.id and entry.fuzzy] == []
    assert not catalogue.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_the_same_places(language: str) -> None:
    different = {
        message: text for message, text in _entries(language).items() if text and _places(message) != _places(text)
    }
    assert different == {}


def test_english_says_what_the_source_says() -> None:
    assert all(message == text for message, text in _entries("en").items())


def test_korean_is_korean() -> None:
    """A sentence left in English would hide among names and numbers: every longer text has Hangul in it."""
    latin = [
        message
        for message, text in _entries("ko").items()
        if len(text.split()) > 3 and not any("가" <= letter <= "힣" for letter in text)
    ]
    assert latin == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_is_as_its_tool_writes_it(language: str) -> None:
    def lines(catalogue: Catalog) -> list[tuple[str, str]]:
        return sorted((str(entry.id), str(entry.string)) for entry in catalogue if entry.id)

    assert lines(updated(language)) == lines(read(language)), RENEW
    assert path_of(language).read_text(encoding="utf-8").startswith("#")


def test_every_word_of_the_field_tables_is_in_the_catalogues() -> None:
    catalogue = set(_entries("en"))
    for field in (*ARCH_FIELDS.values(), *TRAIN_FIELDS.values()):
        assert {field.title, field.help, *field.choices.values()} <= catalogue


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ko", "ko"), ("ko-KR", "ko"), ("KO_kr", "ko"), ("en-GB", "en"), ("de-DE", "en"), ("", "en"), (None, "en"),
     ("kok-IN", "en"), ("한국어", "en")],
)  # fmt: skip
def test_the_language_of_a_browser(locale: str | None, language: str) -> None:
    assert nearest_language(locale) == language


def test_an_unknown_message_is_said_in_english_with_its_values() -> None:
    say = Words("ko")
    assert say("no such message") == "no such message"
    assert say("{n} of {all}", n=1, all=2) == "1 of 2"
    assert say("braces {stay} without values") == "braces {stay} without values"


def test_a_refusal_is_said_in_the_language_with_its_values() -> None:
    refusal = Refusal("{name} is true or false; got {got}.", field="skip", name="skip", got="{x}")
    assert words("en").refusal(refusal) == str(refusal) == "skip is true or false; got {x}."
    korean = words("ko").refusal(refusal)
    assert "skip" in korean
    assert "{x}" in korean


def test_a_refusal_names_a_field_as_its_reader_knows_it() -> None:
    """By the name that ``--set`` takes on the command line, by its widget's title on a page; values alike."""
    with pytest.raises(Refusal) as size:
        ArchSpec(image_size=0)
    assert str(size.value).startswith("image_size is a whole number")
    assert words("en").refusal(size.value).startswith("Image size is a whole number")
    assert words("ko").refusal(size.value).startswith("이미지 크기에는 ")
    with pytest.raises(Refusal) as groups:
        ArchSpec(block="bottleneck", width=3, width_per_group=21)
    assert str(groups.value).startswith("width 3, width_per_group 21, groups 1 leave")
    assert words("en").refusal(groups.value).startswith("Width 3, Width per group 21, Groups 1 leave")
    assert str(pickle.loads(pickle.dumps(groups.value))) == str(groups.value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_has_a_fields_code_name(language: str) -> None:
    codes = {name for name in (*ARCH_FIELDS, *TRAIN_FIELDS) if "_" in name}
    found = {
        message
        for message, text in _entries(language).items()
        for word in re.findall(r"[a-z_]+", re.sub(r"\{\w+\}|--?\w+=?", "", text))
        if word in codes
    }
    assert found == set()


def test_the_catalogue_is_read_once() -> None:
    assert words("ko") is words("ko")
    assert words("ko").language == "ko"
