"""Every page as a script, in both languages, and the link that they share."""

import pytest

from app.link import Experiment
from app.text import LANGUAGES, words
from resnet_core import ArchSpec, preset
from tests.app.visitor import calm, expected, of_link, open_page, shown, turn_to

pytestmark = pytest.mark.usefixtures("pages_desk")
PAGES = ("explore", "train", "runs")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_in_every_language(page: str, language: str) -> None:
    by_locale = open_page(page, locale="ko-KR" if language == "ko" else "en-US")
    by_link = open_page(page, locale="fr-FR", lang=language)
    for visitor in (by_locale, by_link):
        assert not visitor.error
        assert not visitor.warning
        assert visitor.button_group(key="language.switch").value == language
    if page == "runs":  # what it says depends on the runs that are kept: see test_runs.py
        return
    told = [item.label for item in by_locale.toggle] if page == "explore" else [by_locale.button[0].label]
    message = "Skip connections" if page == "explore" else "Train"
    assert set(told) == {words(language)(message)}


def test_a_bad_link_is_told_and_the_rest_of_it_holds() -> None:
    visitor = open_page(a="resnet18", b="nonsense", b_width="-1", colour="red", seed="7", lang="ko")
    assert len(visitor.warning) == 1
    for name in ("nonsense", "-1", "colour"):
        assert name in visitor.warning[0].value
    assert shown(visitor, "a") == expected(preset("resnet18"))
    assert shown(visitor, "b") == expected(Experiment().b.spec)
    assert visitor.number_input(key="train.seed").value == 7


def test_what_does_not_fit_is_refused_before_anything_is_allocated() -> None:
    visitor = open_page(a="cifar20", a_stages="400,100,1,1,1,1", a_width="128")  # 100 GB of saved activations
    assert not visitor.error, "the stage itself says what cannot be measured: see test_stage"
    assert shown(visitor, "a") == expected(ArchSpec(stages=(400, 100, 1, 1, 1, 1), width=128))
    turn_to(visitor, "train")
    visitor.button(key="train.go").click().run()
    assert "This network would take about" in visitor.error[0].value
    assert "run" not in of_link(visitor)


def test_the_experiment_goes_from_page_to_page() -> None:
    visitor = open_page()
    visitor.toggle(key="a.skip").set_value(False).run()
    visitor.number_input(key="train.seed").set_value(5).run()
    turn_to(visitor, "train")
    calm(visitor)
    assert of_link(visitor)["a"] == "plain56"
    assert visitor.number_input(key="train.seed").value == 5
    visitor.number_input(key="train.epochs").set_value(3).run()
    turn_to(visitor, "explore")
    calm(visitor)
    assert visitor.toggle(key="a.skip").value is False
    assert of_link(visitor)["train.epochs"] == "3"
