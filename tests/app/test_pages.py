"""Every page as a script, in both languages: no exception, and widgets that change what is shown.

No browser here: these tests read what the script hands over, so they also see the whole table and every refusal.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import cache, link
from app.link import Experiment, network
from app.slots import SLOTS, Slot
from app.text import LANGUAGES, words
from app.views import images
from resnet_core import ArchSpec, count, preset, presets
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS

MAIN = Path(__file__).parents[2] / "app" / "main.py"
PATIENCE_S = 90  # the first measurement waits for the import of torch
PAGES = ("explore", "train", "runs")


@pytest.fixture(scope="module", autouse=True)
def _desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One desk for this file, whose runs go elsewhere and whose children end with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_EXPLORER_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield
        cache.desk().close()
        cache.desk.cache_clear()
        st.cache_resource.clear()


def open_page(page: str = "explore", /, locale: str = "en-US", **parameters: str) -> AppTest:
    """A new visitor's first look; ``b_width`` stands for the link's ``b.width``."""
    visitor = AppTest.from_file(MAIN, default_timeout=PATIENCE_S)
    visitor.context = {"locale": locale}
    visitor.run()
    if page != "explore":
        turn_to(visitor, page)
    if parameters:
        visitor = AppTest.from_file(MAIN, default_timeout=PATIENCE_S)
        visitor.context = {"locale": locale}
        for name, value in parameters.items():
            visitor.query_params[name.replace("_", ".", 1)] = value
        visitor.run()
        if page != "explore":
            turn_to(visitor, page)
    calm(visitor)
    return visitor


def turn_to(visitor: AppTest, page: str) -> None:
    """Follow the navigation. AppTest.switch_page knows files only, and these pages are functions."""
    known = visitor._registered_pages.items()
    path = "" if page == "explore" else page  # the default page
    visitor._page_hash = next(key for key, info in known if info["url_pathname"] == path)
    visitor.run()


def calm(visitor: AppTest) -> None:
    assert not visitor.exception, [box.value for box in visitor.exception]


def markup(visitor: AppTest) -> str:
    """All that the page says in HTML of its own."""
    return "\n".join(element.proto.body for element in visitor.get("html"))


def shown(visitor: AppTest, slot: Slot) -> dict[str, int]:
    """The numbers of the strip."""
    found = re.findall(r'data-metric="(\w+)" data-slot="(\w)" data-value="(\d+)"', markup(visitor))
    return {metric: int(value) for metric, place, value in found if place == slot}


def expected(spec: ArchSpec) -> dict[str, int]:
    ledger = count(spec)
    return {"params": ledger.params, "macs": ledger.macs, "saved": ledger.saved_bytes, "depth": ledger.depth}


def of_link(visitor: AppTest) -> dict[str, str]:
    """The link as it stands in the address."""
    return {name: value[0] if isinstance(value, list) else value for name, value in visitor.query_params.items()}


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


def test_the_first_look_is_the_papers_comparison() -> None:
    visitor = open_page()
    for slot in SLOTS:
        assert shown(visitor, slot) == expected(Experiment().network(slot).spec)
    end = time.monotonic() + PATIENCE_S
    while "grows" not in " ".join(text.value for text in visitor.markdown):  # no browser here that looks again
        assert time.monotonic() < end
        time.sleep(0.3)
        cache.warm_desk()
        visitor.run()
    assert of_link(visitor) == {}, "a bare address stays bare"


@pytest.mark.parametrize("slot", SLOTS)
def test_each_toggle_changes_its_networks_numbers_only(slot: Slot) -> None:
    visitor = open_page()
    other: Slot = "b" if slot == "a" else "a"
    before = shown(visitor, other)
    spec = Experiment().network(slot).spec
    for field, value in (("skip", slot == "b"), ("ordering", "full_preact"), ("block", "bottleneck")):
        kind = {"skip": visitor.toggle, "ordering": visitor.selectbox, "block": visitor.button_group}[field]
        kind(key=f"{slot}.{field}").set_value(value).run()
        spec = spec.with_(**{field: value})
        assert shown(visitor, slot) == expected(spec)
        assert shown(visitor, other) == before
    calm(visitor)
    read, problems = link.read(of_link(visitor), Experiment())
    assert not problems
    assert read.network(slot).spec == spec


# The largest would keep the measuring processes busy for minutes; tests/test_presets.py counts them all.
SHOWN = [name for name, row in presets().items() if count(row.spec).params < 70_000_000 and row.spec.depth < 500]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_every_preset_is_shown(name: str) -> None:
    visitor = open_page(a=name)
    assert shown(visitor, "a") == expected(preset(name))
    assert not visitor.warning


def unfolded(visitor: AppTest, key: str) -> AppTest:
    """Open a folded part; AppTest has no click for that."""
    visitor.session_state[key] = True
    visitor.run()
    calm(visitor)
    return visitor


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("stages", "21", "A CIFAR network of basic blocks has 6n+2 layers"),
        ("stages", "", "stages lists the blocks of 1 to 6 stages"),
        ("stages", "9,0,9", "stages lists the blocks of 1 to 6 stages"),
        ("image_size", 2, "image_size 2 would leave less than one pixel"),
        ("groups", 2, "groups and width_per_group shape the 3x3 of a bottleneck"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_keeps_the_network(field: str, typed: Any, sentence: str) -> None:
    visitor = unfolded(open_page(), "a.more")
    kind = visitor.text_input if field == "stages" else visitor.number_input
    kind(key=f"a.{field}").set_value(typed).run()
    calm(visitor)
    assert len(visitor.error) == 1
    assert visitor.error[0].value.startswith(sentence) or sentence in visitor.error[0].value
    assert shown(visitor, "a") == expected(preset("cifar56"))
    assert visitor.toggle(key="a.skip").set_value(False).run()
    assert not visitor.error, "the next change makes it stale"


@pytest.mark.parametrize(
    ("there", "switch", "value", "sentence"),
    [
        ({"a_shortcut": "exclusive_gating"}, "skip", False, "shortcut exclusive_gating needs skip true"),
        ({"a_zero_init_residual": "true"}, "skip", False, "which needs skip true, norm batch and an ordering"),
        ({"a_projection": "C"}, "shortcut", "dropout", "leaves none for shortcut dropout"),
    ],
)
def test_what_is_impossible_as_a_whole_is_refused_at_the_widget_that_asked(
    there: dict[str, str], switch: str, value: Any, sentence: str
) -> None:
    visitor = open_page(a="cifar20", **there)
    before = of_link(visitor)
    if switch == "shortcut":
        visitor = unfolded(visitor, "a.more")
    kind = visitor.toggle if switch == "skip" else visitor.selectbox
    was = kind(key=f"a.{switch}").value
    kind(key=f"a.{switch}").set_value(value).run()
    calm(visitor)
    assert [sentence in box.value for box in visitor.error] == [True]
    kind = visitor.toggle if switch == "skip" else visitor.selectbox
    (widget,) = (one for one in kind if str(one.key).startswith(f"a.{switch}"))
    assert widget.value == was, "the widget shows the network that is kept"
    assert of_link(visitor).get("a.shortcut") == before.get("a.shortcut")


def test_every_field_has_a_widget() -> None:
    explore = unfolded(open_page(), "a.more")
    keys = {element.key for element in explore.main if getattr(element, "key", None)}
    assert {f"a.{field.name}" for field in ARCH_FIELDS.values() if field.place != "hidden"} <= keys
    train = unfolded(open_page("train"), "train.more")
    keys = {element.key for element in train.main if getattr(element, "key", None)}
    assert {f"train.{field.name}" for field in TRAIN_FIELDS.values()} - {"train.archive"} <= keys


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["cifar56", "resnet50"])
def test_the_rows_of_the_table_add_up_to_the_totals(name: str, language: str) -> None:
    visitor = unfolded(open_page(a=name, lang=language), "table")
    visitor.toggle(key="table.flat").set_value(True).run()
    ledger, say = count(preset(name)), words(language)
    table = visitor.dataframe[0].value
    assert len(table) == len(ledger.rows)
    assert table[say("parameters")].sum() == ledger.params
    assert table[say("multiply-adds")].sum() == ledger.macs
    assert table[say("saved bytes")].sum() == ledger.saved_bytes
    for formula, number in (("parameters, formula", "parameters"), ("multiply-adds, formula", "multiply-adds")):
        for text, value in zip(table[say(formula)], table[say(number)], strict=True):
            left, _, right = text.partition(" = ")
            assert (eval(left) if left else 0) == value == int(right.replace(",", "") or 0)


def test_the_other_networks_table() -> None:
    visitor = unfolded(open_page(b="cifar20"), "table")
    visitor.toggle(key="table.flat").set_value(True).run()
    visitor.button_group(key="table.slot").set_value("b").run()
    calm(visitor)
    assert len(visitor.dataframe[0].value) == len(count(preset("cifar20")).rows)


def test_the_bottleneck_sliders() -> None:
    visitor = open_page()
    figures = re.findall(r"<b data-\w+>([\d,]+)</b>", markup(visitor))
    assert figures == ["1,152", "73,728", "896", "69,632", "4,608", "1,179,648"]
    visitor.slider(key="bottleneck.wide").set_value(512).run()
    calm(visitor)
    figures = re.findall(r"<b data-\w+>([\d,]+)</b>", markup(visitor))
    assert figures[3] == f"{512 * 64 + 9 * 64 * 64 + 64 * 512:,}"


def test_the_counting_tools() -> None:
    visitor = open_page(b="cifar20")
    visitor.button(key="tools.b").click().run()
    end = time.monotonic() + PATIENCE_S
    while markup(visitor).count("data-remainder") < 3:
        assert time.monotonic() < end
        time.sleep(0.2)
        visitor.run()
    calm(visitor)
    macs = count(preset("cifar20")).macs
    totals = dict(re.findall(r'data-tool="(\w+)".*?<td data-total>([\d,]+)</td>', markup(visitor)))
    assert totals["torch"] == f"{2 * macs:,}"
    assert set(totals) == {"fvcore", "torchinfo", "torch"}
    assert re.findall(r"<td data-remainder[^>]*>([^<]*)</td>", markup(visitor)) == ["0", "0", "0"]
    assert {code.value.strip() != "" for code in visitor.code} == {True}


def test_what_counts_as_an_operation_changes_the_total_and_what_it_means() -> None:
    visitor = unfolded(open_page(a="resnet50"), "table")
    ledger = count(preset("resnet50"))
    told = [text.value for text in visitor.markdown]
    assert any(f"**{ledger.macs:,} MACs**" in text for text in told)
    visitor.button_group(key="table.unit").set_value(2).run()
    visitor.button_group(key="table.classes").set_value(["weights", "norm"]).run()
    calm(visitor)
    both = 2 * ledger.macs + 2 * 11_113_984  # elements that BatchNorm normalises in a ResNet-50 at 224 pixels
    assert any(f"**{both:,} operations**" in text.value for text in visitor.markdown)


def test_what_training_costs() -> None:
    visitor = unfolded(open_page(a="resnet50"), "memory")
    calm(visitor)
    ledger = count(preset("resnet50"))
    assert f"<td>{ledger.macs + ledger.backward_macs:,}</td>" in markup(visitor)


def drawn(visitor: AppTest, slot: Slot) -> str:
    """The drawing of a slot's block, as the page hands it over."""
    (part,) = (part for part in visitor.get("bidi_component") if part.proto.id.endswith(f"-block-{slot}"))
    text: str = json.loads(part.proto.json)["markup"]
    return text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_block_of_a_stage_is_drawn_on_request(language: str) -> None:
    visitor = open_page(a="resnet50", b="resnet50_v1", lang=language)
    visitor.button_group(key="block.which").set_value("changing_unit").run()
    calm(visitor)
    assert "3×3, 128→128, /2" in drawn(visitor, "a")
    assert "1×1, 256→128, /2" in drawn(visitor, "b")
    visitor.button_group(key="block.which").set_value("ordinary_unit").run()
    calm(visitor)
    assert "/2" not in drawn(visitor, "a") + drawn(visitor, "b")


def test_what_is_published_is_shown_of_a_preset_alone() -> None:
    visitor = open_page(a="cifar110")
    assert "1.7 M parameters, CIFAR-10 error 6.43% (arXiv:1512.03385, Table 6)" in markup(visitor)
    visitor.selectbox(key="a.ordering").set_value("full_preact").run()
    calm(visitor)
    assert "CIFAR-10 error 6.37% (arXiv:1603.05027, Table 2)" in markup(visitor), "it has become another preset"
    visitor.button_group(key="a.block").set_value("bottleneck").run()
    calm(visitor)
    assert "data-published" not in markup(visitor)


def test_both_blocks_are_offered_as_files() -> None:
    visitor = unfolded(open_page(a="resnet50"), "export")
    ids = " ".join(part.proto.id for part in visitor.get("download_button"))
    for name in ("resnet50-block.svg", "resnet50-first-block.svg", "resnet50-network.svg"):
        assert f"export.{name}" in ids


def refused_time(visitor: AppTest) -> str:
    """Ask for the time of each network, and what is said instead of it."""
    visitor.button(key="compare.measure").click().run()
    end = time.monotonic() + PATIENCE_S
    while not visitor.error:
        assert time.monotonic() < end
        time.sleep(0.2)
        visitor.run()
    calm(visitor)
    return str(visitor.error[0].value)


def test_the_time_is_measured_on_the_chosen_batch_and_device(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    absent = "mps" if torch.cuda.is_available() else "cuda"
    monkeypatch.setattr(cache, "device_names", lambda: ("cpu", absent))
    visitor = unfolded(open_page(a="resnet50"), "compare")
    assert visitor.button_group(key="compare.batch").value == 1
    visitor.button_group(key="compare.batch").set_value(128).run()
    assert "523,415,584,768 multiply-adds (batch size 128)" in refused_time(visitor)
    visitor.button_group(key="compare.batch").set_value(8).run()
    visitor.button_group(key="compare.device").set_value(absent).run()
    visitor.button(key="compare.measure").click().run()
    assert f"this machine has no {absent.upper()} device" in refused_time(visitor)


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
    assert "This network would take about" in visitor.error[0].value
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


def test_copying_a_network() -> None:
    visitor = unfolded(open_page(a="resnet18"), "b.more")
    visitor.button(key="b.copy").click().run()
    calm(visitor)
    assert shown(visitor, "b") == shown(visitor, "a")
    assert of_link(visitor)["b"] == "resnet18"
    assert network("resnet18").title == "resnet18"


def test_a_race_from_start_to_end() -> None:
    visitor = open_page("train", a="cifar20", b="plain20", train_epochs="1")
    visitor.button(key="train.go").click().run()
    calm(visitor)
    run = of_link(visitor)["run"]
    end = time.monotonic() + PATIENCE_S
    while visitor.button(key="train.go").disabled:  # in a browser, the player asks for this run when the race ends
        assert time.monotonic() < end
        time.sleep(0.2)
        visitor.run()
        calm(visitor)
    assert "points apart" in " ".join(text.value for text in visitor.markdown)
    assert not visitor.button(key="train.again").disabled
    assert visitor.button(key="train.resume").disabled  # it was not stopped
    later = open_page("train", run=run)
    assert "points apart" in " ".join(text.value for text in later.markdown)
    assert sorted(os.listdir(cache.desk().root)) == sorted(run.split("."))


def test_more_networks_and_seeds_race_together() -> None:
    visitor = unfolded(
        open_page("train", a="cifar20", b="plain20", train_steps="1", train_batch_size="32"), "train.networks"
    )
    visitor.button(key="c.add").click().run()
    visitor = unfolded(visitor, "train.networks")
    visitor.selectbox(key="c.preset").set_value("preact110").run()
    visitor = unfolded(visitor, "train.networks")
    visitor.button_group(key="train.seeds").set_value(2).run()
    calm(visitor)
    assert (of_link(visitor)["c"], of_link(visitor)["seeds"]) == ("preact110", "2")
    visitor.button(key="train.go").click().run()
    calm(visitor)
    ids = of_link(visitor)["run"].split(".")
    assert len(ids) == 6
    jobs = [cache.desk().get(run_id) for run_id in ids]
    assert [job.args[1]["seed"] for job in jobs if job] == [0, 1] * 3
    visitor = unfolded(visitor, "train.networks")
    visitor.button(key="c.remove").click().run()
    assert "c" not in of_link(visitor)
    for job in jobs:
        job.stop()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "A batch of 2048 images is more than the 1437 training images there are."),
        ("ko", "배치 크기 2048장이 학습 이미지 수 1437장보다 큽니다."),
    ],
)
def test_a_batch_larger_than_the_data_is_refused_before_a_run_begins(language: str, sentence: str) -> None:
    visitor = open_page("train", a="cifar20", b="plain20", train_batch_size="2048", lang=language)
    visitor.button(key="train.go").click().run()
    calm(visitor)
    assert [sentence in box.value for box in visitor.error] == [True]
    assert "run" not in of_link(visitor)


def test_a_learning_rate_out_of_all_bounds_is_told_and_the_recipe_holds() -> None:
    visitor = open_page("train", train_learning_rate="1e9", seed="3")
    assert [box.value.count("learning_rate is a number from 1e-05 to 10.0; got 1e9.") for box in visitor.warning] == [1]
    assert of_link(visitor)["seed"] == "3"
    unfolded(visitor, "train.more")
    assert visitor.number_input(key="train.learning_rate").value == TRAIN_FIELDS["learning_rate"].default


@pytest.mark.parametrize("slot", ["c", "d"])
def test_every_field_of_a_further_network_can_be_changed(slot: Slot) -> None:
    def look(visitor: AppTest) -> AppTest:
        """Both folds open, the one in the other."""
        visitor.session_state[f"{slot}.more"] = True
        return unfolded(visitor, "train.networks")

    visitor = look(open_page("train", a="cifar20", b="plain20", c="cifar20", d="cifar20"))
    keys = {element.key for element in visitor.main if getattr(element, "key", None)}
    assert {f"{slot}.{field.name}" for field in ARCH_FIELDS.values()} <= keys
    visitor.number_input(key=f"{slot}.width").set_value(8).run()
    visitor = look(visitor)
    visitor.text_input(key=f"{slot}.stages").set_value("2,2,2").run()
    visitor = look(visitor)
    visitor.number_input(key=f"{slot}.groups").set_value(2).run()
    calm(visitor)
    visitor = look(visitor)
    assert ["a basic block needs groups 1" in box.value for box in visitor.error] == [True]
    read, problems = link.read(of_link(visitor), Experiment())
    assert not problems
    assert read.network(slot).spec == preset("cifar20").with_(width=8, stages=(2, 2, 2))
    assert read.a.spec == preset("cifar20")
    visitor.button(key=f"{slot}.copy").click().run()
    assert of_link(visitor)[slot] == "cifar20"
    assert f"{slot}.width" not in of_link(visitor)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_of_an_archive_that_takes_too_long_is_given_up(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "PATIENCE_S", 0.0)
    visitor = unfolded(open_page("train", train_data="own", lang=language), "train.more")
    visitor.file_uploader(key="train.upload").set_value(("mine.zip", b"not looked at", "application/zip")).run()
    calm(visitor)
    told = {"en": "The check of this archive took longer than 0 s.", "ko": "압축 파일을 검사하는 데 0초가 넘게"}
    assert [told[language] in box.value for box in visitor.error] == [True]
    assert "train.archive" not in of_link(visitor)
    (job,) = (job for job in cache.desk().jobs() if job.task == "accept" and not job.records and not job.error)
    assert job.wait(PATIENCE_S)
    assert job.status == "stopped"
    cache.desk().forget(job)


def test_an_archive_that_is_none_is_refused_under_the_upload() -> None:
    visitor = unfolded(open_page("train", train_data="own"), "train.more")
    visitor.file_uploader(key="train.upload").set_value(("mine.zip", b"no zip", "application/zip")).run()
    calm(visitor)
    assert ["zip" in box.value for box in visitor.error] == [True]
    assert "train.archive" not in of_link(visitor)


def test_an_absent_device_is_refused_before_a_run_begins() -> None:
    torch = pytest.importorskip("torch")
    absent = "mps" if torch.cuda.is_available() else "cuda"
    visitor = open_page("train", train_device=absent)
    visitor.button(key="train.go").click().run()
    calm(visitor)
    assert f"{absent} was asked for, but this machine has no such device" in visitor.error[0].value
    assert "run" not in of_link(visitor)
