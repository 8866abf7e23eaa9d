"""All named networks in one picture: what stands where, where it is from, and how one is put on a slot."""

import math
from itertools import pairwise, product
from typing import Any

import pytest

from app.figures.landscape import AXES, _short, dot, dots, landscape
from app.text import LANGUAGES, words
from app.views import landscape as view
from resnet_core import count, preset, presets
from resnet_core.cost.memory import training_memory
from resnet_core.probe.presets import PresetLatency
from resnet_core.studies import STUDIES
from tests.app.test_compare import WHERE
from tests.app.visitor import calm, expected, of_link, open_page, shown, unfolded

EN = words("en")
MILLISECONDS = {"cifar20": (10.0, 12.0, 11.0), "resnet50": (120.0, 130.0, 125.0)}
TIMES = {
    name: PresetLatency(
        tuple(time / 1000 for time in times), macs=1, params=1, batch_size=1, image_size=32, preset=name, **WHERE
    )
    for name, times in MILLISECONDS.items()
}  # type: ignore[arg-type]
WIDTH = 330  # of the plot at 390 pixels, in pixels
LETTER = 8  # in pixels


@pytest.mark.parametrize(("x", "y"), list(product(AXES, AXES)))
def test_each_network_that_has_both_is_drawn_once_at_its_values(x: str, y: str) -> None:
    found = dots(x, y, TIMES, EN)
    assert len({one.preset for one in found}) == len(found)
    figure = landscape(found, x, y, {}, EN)
    drawn = {name: place for trace in figure["data"] for name, *place in zip(trace["customdata"], trace["x"],
             trace["y"], strict=True)}  # fmt: skip
    for name, row in presets().items():
        values = [_expected(axis, name) for axis in (x, y)]
        assert (None in values) is (name not in drawn)
        if name in drawn:
            assert drawn[name] == values
            assert row.spec.skip is not any(
                "open" in trace["marker"]["symbol"] for trace in figure["data"] if name in trace["customdata"]
            )


def _expected(axis: str, name: str) -> float | None:
    ledger = count(preset(name))
    known = {"params": ledger.params, "macs": ledger.macs, "saved": ledger.saved_bytes, "depth": ledger.depth}
    if axis in known:
        return known[axis]
    if axis == "training":
        return training_memory(ledger, 128).peak
    if axis == "time":
        return TIMES[name].spread.median if name in TIMES else None
    return next((one.value for one in presets()[name].published if one.quantity == axis), None)


def test_what_is_said_of_a_network_names_where_it_is_from() -> None:
    (found,) = (one for one in dots("params", "cifar10_error", {}, EN) if one.preset == "plain110")
    assert found.x.told == "parameters: 1,727,962 (formula)"
    assert found.y.told == "CIFAR-10 error >60% (arXiv:1512.03385, Figure 6)"
    (found,) = (one for one in dots("macs", "time", TIMES, EN) if one.preset == "resnet50")
    assert found.y.told == "time of a pass: 125 ms (measured here)"


def test_a_changed_network_has_no_published_figure_and_still_its_formulas() -> None:
    spec = preset("resnet50").with_(groups=32)
    assert dot("B", spec, "params", "imagenet_error", {}, EN) is None
    found = dot("B", spec, "params", "macs", {}, EN)
    assert found is not None
    assert (found.preset, found.x.number) == ("", count(spec).params)
    *_, ring = landscape(dots("params", "macs", {}, EN), "params", "macs", {"a": None, "b": found}, EN)["data"]
    assert (ring["text"], ring["x"], ring["customdata"]) == (["B"], [count(spec).params], [""])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", AXES)
def test_ticks_are_round_and_leave_each_other_room(name: str, language: str) -> None:
    axis = landscape(dots(name, name, TIMES, EN), name, name, {}, words(language))["layout"]["xaxis"]
    low, high = axis["range"]
    places = [(math.log10(tick) - low) / (high - low) for tick in axis["tickvals"]]
    assert len(places) >= 2
    assert all(0 <= place <= 1 for place in places)
    for (left, one), (right, other) in pairwise(zip(places, axis["ticktext"], strict=True)):
        assert (right - left) * WIDTH > LETTER * (len(one) + len(other)) / 2, axis["ticktext"]


def test_a_tick_has_its_unit() -> None:
    assert [_short(*tick) for tick in ((3e6, ""), (1e9, "B"), (0.01, "s"), (20.0, "%"))] == [
        "3 M", "1 GB", "10 ms", "20"
    ]  # fmt: skip


def test_nothing_measured_is_an_empty_picture_that_says_so() -> None:
    assert landscape([], "macs", "time", {}, EN)["layout"]["annotations"][0]["text"].startswith("No network has both")
    assert "annotations" not in landscape(dots("macs", "time", TIMES, EN), "macs", "time", {}, EN)["layout"]


def test_the_study_times_the_named_networks_and_tells_how_far_it_is() -> None:
    study = STUDIES["presets"]
    told: list[tuple[float, float, Any]] = []

    def progress(done: float, of: float, _words: str, /, **values: Any) -> None:
        told.append((done, of, values["name"]))

    from resnet_core.probe.presets import measure

    small = sorted(name for name, row in presets().items() if count(row.spec).macs <= 45_000_000)
    found = list(measure([], study.options(gmacs=0.045, batch_size=2), progress))
    assert sorted(record.preset for record in found) == small
    for record in found:
        assert record.macs == 2 * count(preset(record.preset)).macs
        assert record.batch_size == 2
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)
    assert told[-1][0] == pytest.approx(told[-1][1])
    assert {name for *_, name in told} == set(small)


@pytest.mark.usefixtures("pages_desk")
def test_a_chosen_network_is_put_on_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = unfolded(open_page(), "landscape")
    assert f"10 of {len(presets())} named networks have both" in " ".join(text.value for text in visitor.caption)
    visitor.selectbox(key="landscape.x").set_value("macs").run()
    visitor.selectbox(key="landscape.y").set_value("training").run()
    calm(visitor)
    visitor.selectbox(key="landscape.chosen").set_value("wrn28_10").run()
    visitor.button(key="landscape.put.b").click().run()
    calm(visitor)
    assert shown(visitor, "b") == expected(preset("wrn28_10"))
    assert shown(visitor, "a") == expected(preset("cifar56"))
    assert of_link(visitor)["b"] == "wrn28_10"
    kept: dict[str, str] = {}
    monkeypatch.setattr(view.st, "session_state", kept)
    for clicked in ("resnet18", "", None, 3):  # of a ring around a network that is no preset there is no name
        view._choose(clicked)
    assert kept == {"landscape.chosen": "resnet18"}
