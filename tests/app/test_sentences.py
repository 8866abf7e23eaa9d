"""Sentences composed from records: right numbers, in both languages."""

import math
from typing import Any

import pytest

from app.text import LANGUAGES, Words, words
from app.text.sentences import gradient_reading, race_result, value_label, what_happened
from resnet_core import ArchSpec, count, preset
from resnet_core.spec import ARCH_FIELDS


def _told(before: ArchSpec, say: Words, **changes: Any) -> str:
    return what_happened("A", count(before), count(before.with_(**changes)), say)


def test_switching_skips_off_changes_additions_alone(english: Words) -> None:
    assert _told(preset("cifar56"), english, skip=False) == (
        "A · Skip connections: off → parameters stay at 853,018, multiply-adds stay at 125,485,696, "
        "additions −27 to 0, weight layers stay at 56."
    )
    assert _told(preset("plain56"), english, skip=True).count("additions +27 to 27") == 1


def test_a_change_tells_every_field_and_every_total(english: Words) -> None:
    said = _told(preset("cifar56"), english, stages="3,3,3", projection="B")
    assert said.startswith("A · Blocks in each stage: 3,3,3, Shortcut where shapes change: B, projection → ")
    assert "parameters −580,544 to 272,474" in said
    assert "weight layers −36 to 20" in said
    assert said.endswith(".")


def test_what_a_plain_network_does_not_have_is_not_told(english: Words) -> None:
    assert "additions" not in _told(preset("plain56"), english, width=32)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ARCH_FIELDS)
def test_every_value_has_a_label_in_every_language(name: str, language: str) -> None:
    field = ARCH_FIELDS[name]
    for value in field.choices or ([True, False] if field.kind == "switch" else [field.default]):
        label = value_label(name, value, words(language))
        assert label
        assert "{" not in label


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_filled_in_every_language(language: str) -> None:
    say = words(language)
    sentences = [
        _told(preset("cifar56"), say, skip=False, ordering="full_preact", width=8),
        gradient_reading({"a": [1.0, 2.0], "b": [3.0, 1.0]}, say),
        gradient_reading({"a": [0.0, 2.0]}, say),
        race_result({"a": ("x", 0.9, 1.0), "b": ("y", 0.4, 0.5)}, say),
        race_result({"a": ("x", None, 0.0)}, say),
    ]
    for sentence in sentences:
        assert sentence
        assert "{" not in sentence
        assert "}" not in sentence


@pytest.mark.parametrize(
    ("norms", "told"),
    [
        ([100.0, 1.0], "grows 100 times"),
        ([12345.0, 1.0], "grows 12,345 times"),
        ([1.0, 2.5], "shrinks 2.5 times"),
        ([1e-9, 0.5, 1.0], "shrinks 1,000,000,000 times"),
        ([50.0, 1.0], "grows 50 times"),
    ],
)
def test_the_gradient_is_read_from_the_last_block_to_the_first(norms: list[float], told: str, english: Words) -> None:
    assert told in gradient_reading({"a": norms}, english)


@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
def test_a_gradient_that_cannot_be_compared_is_said_to_be_so(bad: float, english: Words) -> None:
    for norms in ([bad, 1.0], [1.0, bad]):
        assert "zero or not a number" in gradient_reading({"b": norms}, english)


def test_a_race_is_told_with_both_accuracies_and_their_distance(english: Words) -> None:
    told = race_result({"a": ("cifar56", 0.9806, 1.0), "b": ("plain56", 0.3806, 1.0)}, english)
    assert told == "**Test accuracy: A (cifar56) 98.1%, B (plain56) 38.1%.** They are 60.0 points apart."
    assert race_result({"a": ("x", 0.5, 0.2), "b": ("y", 0.5, 1.0)}, english).endswith("The training was ended early.")
    assert "before both networks" in race_result({"a": ("x", 0.5, 1.0), "b": ("y", None, 0.0)}, english)
