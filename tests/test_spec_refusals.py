"""What a specification refuses, and in which words."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_core import ArchSpec, Refusal, TrainSpec, preset
from resnet_core.errors import Refusal as RefusalInErrors
from resnet_core.fields import shorten
from resnet_core.spec import ARCH_FIELDS

Spec = type[ArchSpec] | type[TrainSpec]
STAGES = "stages: list the blocks of 1 to 6 stages, each from 1 to 400, such as 3,4,6,3; got "
SIZE = "image_size is a whole number from 1 to 1024, or height x width such as 320x240; got "
CUT = "cut: list the numbers of blocks, counted from 1, such as 5,6,7 or 5-7; got "
CIFAR = "A CIFAR network of basic blocks has 6n+2 layers"
REFUSALS: list[tuple[Spec, dict[str, Any], str, str]] = [
    (ArchSpec, {"skip": "maybe"}, "skip", "skip is true or false; got maybe."),
    (ArchSpec, {"skip": None}, "skip", "skip is true or false; got None."),
    (ArchSpec, {"skip": 2}, "skip", "skip is true or false; got 2."),
    (ArchSpec, {"block": "wide"}, "block", "block is one of basic, bottleneck; got wide."),
    (ArchSpec, {"block": "기본"}, "block", "block is one of basic, bottleneck; got 기본."),
    (ArchSpec, {"block": ["basic"]}, "block", "block is one of basic, bottleneck; got ['basic']."),
    (ArchSpec, {"projection": "a"}, "projection", "projection is one of A, B, C, D; got a."),
    (ArchSpec, {"width": 0}, "width", "width is a whole number from 1 to 1024; got 0."),
    (ArchSpec, {"width": 1025}, "width", "width is a whole number from 1 to 1024; got 1025."),
    (ArchSpec, {"width": 16.5}, "width", "width is a whole number from 1 to 1024; got 16.5."),
    (ArchSpec, {"width": math.nan}, "width", "width is a whole number from 1 to 1024; got nan."),
    (ArchSpec, {"width": ""}, "width", "width is a whole number from 1 to 1024; got ."),
    (ArchSpec, {"width": "two\nlines"}, "width", "width is a whole number from 1 to 1024; got two lines."),
    (ArchSpec, {"width": "{a}"}, "width", "width is a whole number from 1 to 1024; got {a}."),
    (ArchSpec, {"width": 10**60}, "width", f"width is a whole number from 1 to 1024; got 1{38 * '0'}…."),
    (ArchSpec, {"width": "9" * 9999}, "width", f"width is a whole number from 1 to 1024; got {39 * '9'}…."),
    (ArchSpec, {"stages": ""}, "stages", f"{STAGES}."),
    (ArchSpec, {"stages": "3,,4"}, "stages", f"{STAGES}3,,4."),
    (ArchSpec, {"stages": "three"}, "stages", f"{STAGES}three."),
    (ArchSpec, {"stages": ()}, "stages", f"{STAGES}()."),
    (ArchSpec, {"stages": (0,)}, "stages", f"{STAGES}(0,)."),
    (ArchSpec, {"stages": [401]}, "stages", f"{STAGES}[401]."),
    (ArchSpec, {"stages": (1,) * 7}, "stages", f"{STAGES}(1, 1, 1, 1, 1, 1, 1)."),
    (ArchSpec, {"stages": [2.5, 2]}, "stages", f"{STAGES}[2.5, 2]."),
    (ArchSpec, {"stages": [math.inf]}, "stages", f"{STAGES}[inf]."),
    (ArchSpec, {"stages": [math.nan]}, "stages", f"{STAGES}[nan]."),
    (ArchSpec, {"stages": None}, "stages", f"{STAGES}None."),
    (ArchSpec, {"stages": 5}, "stages", f"{STAGES}5."),
    (ArchSpec, {"stages": "²,3"}, "stages", f"{STAGES}²,3."),
    (ArchSpec, {"stages": "9" * 5000 + ",1"}, "stages", f"{STAGES}{39 * '9'}…."),
    (
        ArchSpec, {"block": "bottleneck", "width": 3, "width_per_group": 21}, "width_per_group",
        "width 3, width_per_group 21, groups 1 leave a group less than one channel: the width times the width per "
        "group must be at least 64.",
    ),
    (ArchSpec, {"image_size": 0}, "image_size", f"{SIZE}0."),
    (ArchSpec, {"image_size": 1025}, "image_size", f"{SIZE}1025."),
    (ArchSpec, {"image_size": "320x0"}, "image_size", f"{SIZE}320x0."),
    (ArchSpec, {"image_size": "320x240x3"}, "image_size", f"{SIZE}320x240x3."),
    (ArchSpec, {"image_size": 32.5}, "image_size", f"{SIZE}32.5."),
    (ArchSpec, {"image_size": True}, "image_size", f"{SIZE}True."),
    (ArchSpec, {"image_size": None}, "image_size", f"{SIZE}None."),
    (ArchSpec, {"cut": "5,x"}, "cut", f"{CUT}5,x."),
    (ArchSpec, {"cut": "0"}, "cut", f"{CUT}0."),
    (ArchSpec, {"cut": [2401]}, "cut", f"{CUT}[2401]."),
    (ArchSpec, {"cut": "1-2-3"}, "cut", f"{CUT}1-2-3."),
    (ArchSpec, {"cut": "3-1"}, "cut", f"{CUT}3-1."),
    (ArchSpec, {"cut": 5}, "cut", f"{CUT}5."),
    (ArchSpec, {"cut": "9" * 5000}, "cut", f"{CUT}{39 * '9'}…."),
    (
        ArchSpec, {"residual_scale": -0.1}, "residual_scale",
        "residual_scale is off, or a number from 0.0 to 2.0; got -0.1.",
    ),
    (
        ArchSpec, {"residual_scale": "on"}, "residual_scale",
        "residual_scale is off, or a number from 0.0 to 2.0; got on.",
    ),
    (
        ArchSpec, {"stochastic_depth": 1}, "stochastic_depth",
        "stochastic_depth is a number from 0.0 to 0.95; got 1.",
    ),
    (
        ArchSpec, {"colour": 1}, "",
        f"There is no field colour; the fields are {', '.join(ARCH_FIELDS)}.",
    ),
    (TrainSpec, {"seed": -1}, "seed", "seed is a whole number from 0 to 2147483647; got -1."),
    (
        TrainSpec, {"learning_rate": math.nan}, "learning_rate",
        "learning_rate is a number from 1e-05 to 10.0; got nan.",
    ),
    (
        TrainSpec, {"learning_rate": "1e400"}, "learning_rate",
        "learning_rate is a number from 1e-05 to 10.0; got 1e400.",
    ),
    (
        TrainSpec, {"learning_rate": 1e9}, "learning_rate",
        "learning_rate is a number from 1e-05 to 10.0; got 1000000000.0.",
    ),
    (TrainSpec, {"momentum": 1}, "momentum", "momentum is a number from 0.0 to 0.99; got 1."),
    (TrainSpec, {"device": "tpu"}, "device", "device is one of cpu, cuda, mps; got tpu."),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "field", "sentence"), REFUSALS, ids=[str(row[1])[:40] for row in REFUSALS])
def test_what_is_wrong_is_told_in_a_sentence_for_its_field(
    kind: Spec, values: dict[str, Any], field: str, sentence: str
) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: kind(**values),
        lambda: kind().model_copy(update=values),
        lambda: kind.model_validate(values),
    ]
    for attempt in attempts:
        with pytest.raises(Refusal) as refusal:
            attempt()
        assert str(refusal.value) == sentence
        assert refusal.value.field == field


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"width": 0}', '{"width": NaN}', '{"stages": {}}', '{"nope": 1}']
)
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        ArchSpec.model_validate_json(text)


@given(st.sampled_from(sorted(ARCH_FIELDS)), st.text() | st.integers() | st.floats() | st.lists(st.floats()))
def test_any_value_gives_a_specification_or_a_refusal(name: str, value: object) -> None:
    try:
        changed = ArchSpec().with_(**{name: value})
    except Refusal as refusal:
        told = refusal
    else:
        assert ArchSpec(**changed.values()) == changed
        return
    assert told.field in ARCH_FIELDS
    assert 0 < len(str(told)) < 400


def test_a_copy_is_checked_as_a_new_one_is() -> None:
    with pytest.raises(Refusal, match="image_size"):
        preset("resnet18").model_copy(update={"image_size": 0})
    with pytest.raises(Refusal, match="no field"):
        ArchSpec().model_copy(update={"nope": 1})
    assert ArchSpec().model_copy() == ArchSpec()
    assert ArchSpec().with_(block="bottleneck", groups=4, width_per_group=32).groups == 4


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"depth": 21}, f"{CIFAR}: 20, 56, 110, ...; 21 lies between 20 and 26."),
        ({"stages": "57"}, f"{CIFAR}: 20, 56, 110, ...; 57 lies between 56 and 62."),
        ({"depth": 2}, f"{CIFAR}, from 8 to 2402: 20, 56, 110, ...; got 2."),
        ({"depth": -4}, f"{CIFAR}, from 8 to 2402: 20, 56, 110, ...; got -4."),
        ({"depth": "²"}, f"{CIFAR}, from 8 to 2402: 20, 56, 110, ...; got ²."),
        ({"depth": 56.5}, f"{CIFAR}, from 8 to 2402: 20, 56, 110, ...; got 56.5."),
        ({"depth": 10**50}, f"{CIFAR}, from 8 to 2402: 20, 56, 110, ...; got 1{38 * '0'}…."),
        (
            {"depth": 18, "block": "wide"},
            f"{CIFAR.replace('basic', 'wide')}: 20, 56, 110, ...; 18 lies between 14 and 20.",
        ),
        (
            {"depth": 57, "block": "bottleneck"},
            "A CIFAR network of bottleneck blocks has 9n+2 layers: 29, 56, 164, ...; 57 lies between 56 and 65.",
        ),
        (
            {"depth": 50, "stem": "imagenet"},
            "The ImageNet networks of basic blocks have 18, 34 layers; got 50. Other depths: list the blocks of each "
            "stage, such as 3,4,6,3.",
        ),
    ],
)  # fmt: skip
def test_a_depth_that_no_network_has_is_refused_with_those_beside_it(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal) as refusal:
        ArchSpec().with_(**changes)
    assert str(refusal.value) == sentence
    assert refusal.value.field == "stages"


def test_a_refusal_crosses_a_pipe() -> None:
    import pickle

    sent = Refusal("at least {minimum}", field="width", minimum=3)
    received = pickle.loads(pickle.dumps(sent))
    assert (str(received), received.field, received.values) == ("at least 3", "width", {"minimum": 3})
    assert type(received) is RefusalInErrors


def test_a_long_or_broken_value_is_shortened_to_one_line() -> None:
    assert shorten("a\n b\t c") == "a b c"
    assert shorten("x" * 40) == "x" * 40
    assert shorten("x" * 41) == "x" * 39 + "…"
