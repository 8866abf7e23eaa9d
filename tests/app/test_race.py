"""A race: its runs by place, and figures whose traces name what they show."""

from pathlib import Path

import pytest

from app.figures import training
from app.figures.race import Racer, racers
from app.text import LANGUAGES, Words, words
from app.text.sentences import race_result
from resnet_core import TrainSpec
from resnet_core.train.records import SIGNALS
from tests.app.kept_runs import GONE, SMALL, stored

NASTY = '<script>alert("&")</script>'


def test_runs_of_one_network_that_differ_in_their_seed_share_a_place(tmp_path: Path) -> None:
    plain = SMALL.with_(skip=False)
    runs = [
        stored(tmp_path, f"run-{spec.skip}-{seed}", spec, TrainSpec(epochs=1, seed=seed))
        for spec in (SMALL, plain)
        for seed in (0, 1, 2)
    ]
    found = racers(runs)
    assert [(racer.slot, racer.spec, len(racer.runs)) for racer in found] == [("a", SMALL, 3), ("b", plain, 3)]
    assert found[0].result.accuracies == (0.5, 0.51, 0.52)
    assert found[0].result.images == 360
    assert found[0].result.whole


def test_the_same_network_twice_is_two_racers_and_there_are_four_places(tmp_path: Path) -> None:
    twins = [stored(tmp_path, f"twin-000{number}") for number in range(2)]
    assert [racer.ids for racer in racers(twins)] == [["twin-0000"], ["twin-0001"]]
    many = [stored(tmp_path, f"wide-000{width}", SMALL.with_(width=width)) for width in range(2, 8)]
    assert [racer.slot for racer in racers(many)] == ["a", "b", "c", "d"]


@pytest.fixture
def two(tmp_path: Path) -> list[Racer]:
    runs = [stored(tmp_path, f"seed-000{seed}", how=TrainSpec(epochs=1, seed=seed), label=NASTY) for seed in (0, 1)]
    return racers([*runs, stored(tmp_path, "other-0000", SMALL.with_(skip=False))])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_trace_names_what_it_shows(two: list[Racer], language: str) -> None:
    say = words(language)
    lives = [trace["live"] for trace in training.learning_curves(two, say)["data"]]
    shown = {(tuple(live["runs"]), live["y"], live.get("stat")) for live in lives}
    seeds, other = ("seed-0000", "seed-0001"), ("other-0000",)
    assert {(seeds, "test_accuracy", stat) for stat in ("low", "median", "high")} <= shown
    assert {(other, "test_accuracy", None), (other, "loss", None), (other, "learning_rate", None)} <= shown
    assert {((seed,), "loss", None) for seed in seeds} <= shown
    assert {(seeds, "test_loss", stat) for stat in ("low", "median", "high")} <= shown
    assert (other, "test_loss", None) in shown
    for name in SIGNALS:
        maps = training.heat_maps(two, name, say)
        assert [trace["live"]["run"] for trace in maps["data"]] == ["seed-0000", "other-0000"]
        assert {trace["live"]["z"] for trace in maps["data"]} == {name}
        first, second = maps["layout"]["yaxis"]["domain"], maps["layout"]["yaxis2"]["domain"]
        assert 0 <= second[0] < second[1] < first[0] < first[1] <= 1
        lines = training.profile(two, name, say)["data"]
        assert [trace["live"]["runs"] for trace in lines] == [["seed-0000"], ["other-0000"]]


def test_words_on_figures_are_escaped(two: list[Racer], english: Words) -> None:
    assert "<script" not in training.race_strip(two, english)
    assert "<script" not in training.heat_maps(two, "gradient_norms", english)["layout"]["annotations"][0]["text"]


@pytest.mark.parametrize(
    ("how", "end"), [(TrainSpec(epochs=3), 3), (TrainSpec(steps=22), 2), (TrainSpec(seconds=5), None)]
)
def test_the_axis_ends_where_the_training_will(
    tmp_path: Path, how: TrainSpec, end: float | None, english: Words
) -> None:
    race = racers([stored(tmp_path, "run-000000", how=how)])
    axis = training.learning_curves(race, english)["layout"]["xaxis"]
    if end is None:
        assert "range" not in axis
    else:
        assert axis["range"][0] == 0
        assert end <= axis["range"][1] < 1.1 * end


# A run whose images are not kept any more


@pytest.mark.parametrize("how", [GONE, GONE.with_(steps=22)])
def test_the_curves_of_images_that_are_gone_are_shown(tmp_path: Path, how: TrainSpec, english: Words) -> None:
    runs = [stored(tmp_path, f"run-skip-{skip}", SMALL.with_(skip=skip), how) for skip in (True, False)]
    race = racers(runs)
    assert [racer.per_epoch for racer in race] == [11, 11]
    assert race[0].epochs == (2 if how.steps else how.epochs)
    assert race[0].result.images is None
    assert training.learning_curves(race, english)["layout"]["xaxis"]["range"][1] > 0
    assert training.heat_maps(race, "gradient_norms", english)["data"]
    assert "apart" in race_result({racer.slot: racer.result for racer in race}, english)


def test_a_run_without_header_or_images_has_no_pass(tmp_path: Path, english: Words) -> None:
    run = stored(tmp_path, "run-000000", how=GONE.with_(steps=22))
    run.header = None
    (racer,) = racers([run])
    assert (racer.per_epoch, racer.epochs) == (None, None)
    assert "range" not in training.heat_maps([racer], "gradient_norms", english)["layout"]["xaxis"]
    assert "range" not in training.learning_curves([racer], english)["layout"]["xaxis"]
