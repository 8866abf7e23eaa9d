"""The link: every experiment survives it, and what cannot be used is named while the rest is kept."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import link
from app.link import Experiment, Network, network, read, write
from app.slots import SLOTS
from app.text import LANGUAGES
from resnet_core import TrainSpec, preset, presets
from resnet_core.errors import Refusal
from resnet_core.fields import Specification, field_table
from resnet_core.jobs.store import ID
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS, ArchSpec
from resnet_core.studies import STUDIES
from resnet_core.study import Study
from tests.strategies import arch_specs, train_specs, values_of

START = Experiment()
RUNS = st.just("") | st.from_regex(link.RUN_IDS, fullmatch=True)
STUDY = st.just("") | st.from_regex(ID, fullmatch=True)


def networks() -> st.SearchStrategy[Network]:
    """As a visitor makes them: from a preset, by changes."""
    specs = arch_specs() | st.sampled_from(sorted(presets())).map(preset)
    return st.builds(lambda base, spec: network(base).changed(spec), st.sampled_from(sorted(presets())), specs)


def experiments() -> st.SearchStrategy[Experiment]:
    """Any experiment that the pages can come to show."""
    languages = st.sampled_from(sorted(LANGUAGES))
    more, seeds = st.none() | networks(), st.integers(1, link.MOST_SEEDS)
    return st.builds(
        Experiment, a=networks(), b=networks(), c=more, d=more, train=train_specs(), seeds=seeds, run=RUNS,
        study=STUDY, studies=options(), language=languages,
    )  # fmt: skip


def options() -> st.SearchStrategy[dict[str, Specification]]:
    """Options of some studies, where they differ from the default. The seed is the experiment's own."""

    def of(study: Study[Any]) -> st.SearchStrategy[Specification]:
        table = {
            name: row for name, row in field_table(study.options).items() if row.kind != "token" and name != "seed"
        }
        fields = {name: values_of(row, {}) for name, row in table.items()}
        return st.fixed_dictionaries({}, optional=fields).map(lambda values: study.options(**values))

    every = st.fixed_dictionaries({}, optional={name: of(study) for name, study in STUDIES.items()})
    return every.map(lambda chosen: {name: one for name, one in chosen.items() if one != type(one)()})


@given(experiments())
def test_an_experiment_survives_its_link(experiment: Experiment) -> None:
    assert read(write(experiment), START) == (experiment, [])


@given(experiments())
def test_a_link_is_short_and_neutral(experiment: Experiment) -> None:
    """It holds what differs from the presets and the default recipe, in values that no language changes."""
    written = write(experiment)
    for slot in experiment.racers:
        here, base = experiment.network(slot).spec, preset(experiment.network(slot).base)
        named = {name.removeprefix(f"{slot}.") for name in written if name.startswith(f"{slot}.")}
        assert named == {name for name in ARCH_FIELDS if getattr(here, name) != getattr(base, name)}
    recipe = {name.removeprefix("train.") for name in written if name.startswith("train.")}
    assert recipe == set(TrainSpec().differences(experiment.train)) - {"seed"}
    assert all(value.isascii() for value in written.values())
    assert write(replace(experiment, language="ko")) == write(experiment) | {"lang": "ko"}


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("name", ARCH_FIELDS)
def test_each_field_of_a_network_has_its_place(slot: Any, name: str) -> None:
    values = {"skip": "false", "ordering": "full_preact", "block": "bottleneck", "stages": "2,3", "stem": "imagenet",
              "projection": "C", "stride_on": "1x1", "norm": "none", "zero_init_residual": "true", "groups": "2",
              "width_per_group": "32", "shortcut": "dropout", "shortcut_scale": "0.25", "branch_scale": "1.5",
              "dropout_rate": "0.1", "residual_scale": "0", "stochastic_depth": "0.5", "branch_dropout": "0.3",
              "attention": "se", "image_size": "320x240", "cut": "2,3"}  # fmt: skip
    base = {slot: "resnet50"} if name in ("groups", "width_per_group") else {slot: "cifar20"}
    got, problems = read({**base, f"{slot}.{name}": values.get(name, "5")}, START)
    assert problems == []
    expected = preset(base[slot]).with_(**{name: values.get(name, "5")})
    assert got.network(slot).spec == expected != preset(base[slot])
    other = "b" if slot == "a" else "a"
    assert got.network(other) == START.network(other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "field", "said"),
    [
        ({"a": "resnet51"}, "preset", "There is no preset resnet51"),
        ({"a": ""}, "preset", "There is no preset"),
        ({"a.width": "0"}, "width", "width is a whole number from 1 to 1024; got 0."),
        ({"a.width": "wide"}, "width", "got wide."),
        ({"a.width": ""}, "width", "got ."),
        ({"a.width": "9" * 5000}, "width", "…."),
        ({"a.stages": "²"}, "stages", "got ²."),
        ({"a.stages": "57"}, "stages", "57 lies between 56 and 62."),
        ({"a.skip": "perhaps"}, "skip", "skip is true or false"),
        ({"a.block": "기본"}, "block", "block is one of basic, bottleneck"),
        ({"a.image_size": "320x"}, "image_size", "or height x width such as 320x240; got 320x."),
        ({"a.colour": "red"}, "", "There is no field colour"),
        ({"a.": "red"}, "", "There is no field "),
        ({"train.epochs": "0"}, "epochs", "epochs is a whole number from 1 to 200; got 0."),
        ({"train.learning_rate": "nan"}, "learning_rate", "learning_rate is a number from"),
        ({"train.learning_rate": "1e9"}, "learning_rate", "a number from 1e-05 to 10.0; got 1e9."),
        ({"train.colour": "red"}, "", "There is no field colour"),
        ({"seed": "-1"}, "seed", "seed is a whole number from 0"),
        ({"seed": "1.5"}, "seed", "got 1.5."),
        ({"run": "../../etc"}, "", "The link names the run ../../etc, which cannot be one."),
        ({"run": "x" * 200}, "", "which cannot be one."),
        ({"lang": "de"}, "", "The link asks for the language de; there are en, ko."),
        ({"optimizer": "adam"}, "", "The link's part optimizer is not known here"),
        ({"c.width": "4"}, "", "The link's part c.width is not known here"),
        ({"{a}": "{b}"}, "", "The link's part {a} is not known here"),
        ({"x" * 500: "1"}, "", "The link's part xxx"),
    ],
)
def test_a_bad_part_is_named_and_ignored_and_the_rest_is_kept(part: dict[str, str], field: str, said: str) -> None:
    good = {"b": "resnet18", "b.width": "32", "seed": "7", "train.momentum": "0.5", "lang": "ko", "run": "abcd"}
    got, problems = read({**good, **part}, START)
    assert [problem.field for problem in problems] == [field]
    assert said in str(problems[0])
    assert len(str(problems[0])) < 400
    wanted, none = read({name: value for name, value in good.items() if name not in part}, START)
    assert none == []
    assert got == wanted


def test_of_several_bad_parts_each_is_named() -> None:
    got, problems = read({"a": "nope", "a.width": "0", "a.stages": "3,3", "seed": "x", "old": "1", "lang": "xx"}, START)
    assert len(problems) == 5
    assert all(isinstance(problem, Refusal) for problem in problems)
    assert got.a.spec == START.a.spec.with_(stages="3,3")
    assert got.train.seed == 0


@pytest.mark.parametrize(
    ("parts", "kept", "said"),
    [
        (
            {"block": "bottleneck", "width_per_group": "3"},
            {"block": "bottleneck"},
            "groups 1 leave a group less than one channel",
        ),
        (
            {"width_per_group": "3", "block": "bottleneck"},
            {"width_per_group": 3},
            "groups 1 leave a group less than one channel",
        ),
    ],
)
def test_of_two_parts_that_exclude_each_other_the_first_is_kept(
    parts: dict[str, str], kept: dict[str, Any], said: str
) -> None:
    got, problems = read({"a": "cifar20", **{f"a.{name}": value for name, value in parts.items()}}, START)
    assert len(problems) == 1
    assert said in str(problems[0])
    assert got.a.spec == preset("cifar20").with_(**kept)


def test_parts_that_have_no_effect_beside_others_are_kept() -> None:
    link = {"a": "cifar20", "a.skip": "false", "a.shortcut": "exclusive_gating", "a.groups": "4", "a.cut": "3"}
    got, problems = read(link, START)
    assert problems == []
    assert got.a.spec == preset("cifar20").with_(skip=False, shortcut="exclusive_gating", groups=4, cut=(3,))


def test_changes_that_hold_only_together_are_taken_together() -> None:
    together = {"a": "cifar20", "a.block": "bottleneck", "a.groups": "4", "a.width_per_group": "32"}
    for parts in (together, dict(reversed(together.items()))):
        got, problems = read(parts, START)
        assert problems == []
        assert (got.a.spec.groups, got.a.spec.width_per_group) == (4, 32)


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from([f"a.{name}" for name in ARCH_FIELDS]), st.text()))
def test_any_link_gives_an_experiment(parts: dict[str, str]) -> None:
    got, problems = read(parts, START)
    assert read(write(got), START) == (got, [])
    assert all(str(problem) for problem in problems)


def test_an_empty_link_is_the_start() -> None:
    assert read({}, START) == (START, [])
    other = replace(START, language="ko", run="", train=TrainSpec(seed=3))
    assert read({}, other) == (other, [])


def test_a_network_takes_the_name_of_the_preset_that_it_becomes() -> None:
    plain = network("cifar56").changed(preset("cifar56").with_(skip=False))
    assert plain.base == "plain56"
    assert plain.title == "plain56"
    changed = plain.changed(plain.spec.with_(width=32, stages=(27,)))
    assert changed.base == "plain56"
    assert changed.title == "plain56, stages=27, width=32"
    assert network("cifar56").changed(ArchSpec()) == network("cifar56")


def test_the_page_opens_on_the_point_of_the_paper() -> None:
    assert START.a.spec.differences(START.b.spec) == {"skip": (True, False)}
    assert set(TRAIN_FIELDS) == set(START.train.values())
