"""Networks in words: the nearest preset and what differs, from a specification or from a label that was kept."""

import pytest

from app.link import Network
from app.text import words
from app.text.naming import named, ranges, said
from resnet_core import ArchSpec, preset, presets
from resnet_core.spec import ARCH_FIELDS


def test_every_preset_has_a_name_of_its_own() -> None:
    titles = [row.title for row in presets().values()]
    assert len(set(titles)) == len(titles)
    for row in presets().values():
        for language in ("en", "ko"):
            assert named(row.spec, words(language)) == row.title
        assert row.group
        assert row.line.endswith(".")


@pytest.mark.parametrize(
    ("changes", "english", "korean"),
    [
        ({"width": 32}, "ResNet-56 (CIFAR), width 32", "ResNet-56 (CIFAR), 너비 32"),
        ({"cut": "3-5,9"}, "ResNet-56 (CIFAR), shortcuts of blocks 3-5, 9 cut", "블록 3-5, 9의 숏컷 끊음"),
        ({"cut": "3"}, "ResNet-56 (CIFAR), shortcut of block 3 cut", "블록 3의 숏컷 끊음"),
        ({"cut": "3-5,99"}, "ResNet-56 (CIFAR), shortcuts of blocks 3-5 cut", "블록 3-5의"),  # it has no 99th
        ({"ordering": "relu_before_addition"}, "ResNet-56 (CIFAR), ReLU before addition", "ReLU"),
        ({"skip": False}, "Plain-56 (CIFAR)", "Plain-56 (CIFAR)"),
        ({"expansion": 2}, "ResNet-56 (CIFAR)", "ResNet-56 (CIFAR)"),  # of a basic block: no effect
        ({"num_classes": 100, "norm": "none"}, "ResNet-56 (CIFAR), 100 classes, no normalisation", "클래스 100개"),
    ],
)  # fmt: skip
def test_a_changed_network_says_what_was_changed(changes: dict[str, object], english: str, korean: str) -> None:
    spec = preset("cifar56").with_(**changes)
    assert named(spec, words("en")) == english
    assert korean in named(spec, words("ko"))


def test_a_long_list_of_changes_is_shortened() -> None:
    spec = preset("resnet50").with_(width=32, stem="deep", attention="se", norm="group", stochastic_depth=0.2, groups=2)
    assert named(spec, words("en"), base="resnet50").endswith(", GroupNorm, 1 more")
    assert len(named(spec, words("en"), short=True)) < len(named(spec, words("en")))


@pytest.mark.parametrize("name", ARCH_FIELDS)
def test_no_name_has_a_fields_code_in_it(name: str) -> None:
    field, start = ARCH_FIELDS[name], ArchSpec()
    value = {"choice": [*field.choices][-1] if field.choices else "", "switch": not field.default, "whole": 8,
             "real": 0.25, "real_or_off": 0.5, "size": "64x48", "wholes": (2, 3)}[field.kind]  # fmt: skip
    for language in ("en", "ko"):
        text = named(start.with_(**{name: value}), words(language))
        assert "=" not in text
        assert "_" not in text


@pytest.mark.parametrize(
    "changes", [{}, {"width": 8}, {"stages": (2, 3, 2), "width": 8}, {"cut": (1,)}, {"stages": (27,)}]
)
def test_a_label_that_was_kept_is_said_as_its_network_is(changes: dict[str, object]) -> None:
    network = Network("cifar20", preset("cifar20").with_(**changes))
    assert said(network.title, words("en")) == named(network.spec, words("en"), base="cifar20")


@pytest.mark.parametrize("name", ["my best one", "cifar20, try", "", "cifar20, width=0", "nobody=1"])
def test_a_name_that_a_visitor_gave_stays(name: str) -> None:
    assert said(name, words("ko")) == name


def test_ranges() -> None:
    assert ranges((1,)) == "1"
    assert ranges((1, 2, 3, 7, 9, 10)) == "1-3, 7, 9-10"
