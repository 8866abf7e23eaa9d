"""Sentences composed from records: right numbers, in both languages."""

import math
from typing import Any

import pytest

from app.text import LANGUAGES, Words, words
from app.text.naming import value_label
from app.text.sentences import Result, fair_race, gradient_reading, race_result, what_happened, without_effect
from resnet_core import ArchSpec, count, preset
from resnet_core.spec import ARCH_FIELDS


def _told(before: ArchSpec, say: Words, **changes: Any) -> str:
    return what_happened("A", count(before), count(before.with_(**changes)), say)


def test_what_costs_nothing_is_said_to_cost_nothing(english: Words) -> None:
    same = "parameters and multiply-adds stay the same."
    assert _told(preset("cifar56"), english, skip=False) == f"A · Skip connections: off → {same}"
    assert _told(preset("cifar56"), english, cut="3-5,9") == f"A · Cut shortcuts: 3-5, 9 → {same}"


def test_blocks_that_are_cut_beyond_the_network_are_said_to_do_nothing(english: Words) -> None:
    spec = preset("cifar56")
    assert without_effect(spec.with_(cut="3,27-29,40"), english) == (
        "The network has 27 blocks, so these do nothing: 28-29, 40."
    )
    for cut in ("", "3,27", "28"):  # the field itself says of the last one why it has no effect
        assert not without_effect(spec.with_(cut=cut), english)


def test_a_change_tells_every_field_and_every_total(english: Words) -> None:
    said = _told(preset("cifar56"), english, stages="3,3,3", projection="B")
    assert said.startswith("A · Blocks in each stage: 3,3,3, Shortcut where shapes change: B, projection → ")
    assert "parameters −580,544 to 272,474" in said
    assert "weight layers −36 to 20" in said
    assert said.endswith(".")


def test_stochastic_depth_is_told_by_the_blocks_that_are_left_on_average(english: Words) -> None:
    said = _told(preset("cifar110"), english, stochastic_depth=0.5)
    assert said.endswith("40.25 of 54 blocks take part in a training step on average.")


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
        race_result({"a": Result("x", (0.9,), 360, True), "b": Result("y", (0.4,), 360, False)}, say),
        race_result({"a": Result("x", (), 360, False)}, say),
        fair_race({"a": preset("cifar56"), "b": preset("plain56")}, 0, say),
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
        ([1.0, 1.04], "(root mean square) stays the same."),
        ([1.04, 1.0], "(root mean square) stays the same."),
        ([1.0, 1.06], "shrinks 1.1 times"),
    ],
)
def test_the_gradient_is_read_from_the_last_block_to_the_first(norms: list[float], told: str, english: Words) -> None:
    assert told in gradient_reading({"a": norms}, english)


@pytest.mark.parametrize("bad", [0.0, math.nan, math.inf])
def test_a_gradient_that_cannot_be_compared_is_said_to_be_so(bad: float, english: Words) -> None:
    for norms in ([bad, 1.0], [1.0, bad]):
        assert "zero or not a number" in gradient_reading({"b": norms}, english)


def _ended(*accuracies: float, name: str = "x", images: int = 360, whole: bool = True) -> Result:
    return Result(name, accuracies, images, whole)


def test_a_race_is_told_with_both_accuracies_and_their_distance(english: Words) -> None:
    told = race_result({"a": _ended(0.9806, name="cifar56"), "b": _ended(0.3806, name="plain56")}, english)
    assert (
        told
        == "**Test accuracy: A · ResNet-56 (CIFAR) 98.1%; B · Plain-56 (CIFAR) 38.1%.** They are 60.0 points apart."
    )
    early = race_result({"a": _ended(0.9, whole=False), "b": _ended(0.5)}, english)
    assert early.endswith("The training was ended early.")
    assert "before every network" in race_result({"a": _ended(0.5), "b": _ended()}, english)
    assert race_result({"a": _ended(0.5)}, english) == "**Test accuracy: A · x 50.0%.**"


def test_one_seed_ties_within_the_chance_of_its_test_images(english: Words) -> None:
    """Two standard errors of a difference of two shares near 0.9 of 360 images are 4.5 points."""
    assert "tie: 4.0 points are within the chance of 360" in race_result(
        {"a": _ended(0.86), "b": _ended(0.90)}, english
    )
    assert "5.0 points apart" in race_result({"a": _ended(0.85), "b": _ended(0.90)}, english)
    large = {"a": _ended(0.86, images=10_000), "b": _ended(0.90, images=10_000)}
    assert "4.0 points apart" in race_result(large, english)


def test_several_seeds_are_a_median_and_a_range_and_tie_where_these_overlap(english: Words) -> None:
    apart = race_result({"a": _ended(0.95, 0.97, 0.90), "b": _ended(0.40, 0.30, 0.35)}, english)
    assert "A · x 95.0% [90.0%–97.0%]; B · x 35.0% [30.0%–40.0%]" in apart
    assert "60.0 points apart" in apart
    tied = race_result({"a": _ended(0.95, 0.97, 0.90), "b": _ended(0.92, 0.91, 0.89)}, english)
    assert "A and B tie: their ranges over the seeds overlap." in tied


def test_of_more_than_two_the_first_two_are_compared(english: Words) -> None:
    told = race_result({"a": _ended(0.2), "b": _ended(0.9), "c": _ended(0.6), "d": _ended(0.1)}, english)
    assert told.endswith("B is ahead of C by 30.0 points.")


def test_a_race_tells_what_is_the_same_and_what_is_not(english: Words) -> None:
    told = fair_race({"a": preset("cifar56"), "b": preset("plain56")}, 3, english)
    assert told == (
        "Same images, same order, same schedule, seed 3. The networks differ in: Skip connections: A on, B off."
    )
    assert fair_race({"a": preset("cifar56")}, 0, english).endswith("seed 0.")
