"""Explore as a script: its widgets, what they change, and what is refused beside them.

No browser here: these tests read what the script hands over, so they also see the whole table and every refusal.
"""

import json
import re
import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import cache, link
from app.link import Experiment, network
from app.slots import SLOTS, Slot
from app.text import LANGUAGES, words
from resnet_core import count, preset, presets
from resnet_core.cost.memory import fits
from resnet_core.fields import SpecField
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS
from tests.app.visitor import PATIENCE_S, calm, expected, markup, of_link, open_page, shown, unfolded

pytestmark = pytest.mark.usefixtures("pages_desk")


def test_the_first_look_is_the_papers_comparison() -> None:
    visitor = open_page()
    for slot in SLOTS:
        assert shown(visitor, slot) == expected(Experiment().network(slot).spec)
    assert "A <b>residual network</b> adds each block's input to its output" in markup(visitor)
    assert re.search(r'>A</b> <b class="rx-share">9[67][.]\d%<', markup(visitor)), "the recorded race"
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


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("stages", "21", "A CIFAR network of basic blocks has 6n+2 layers"),
        ("stages", "", "Blocks in each stage: list the blocks of 1 to 6 stages"),
        ("stages", "9,0,9", "Blocks in each stage: list the blocks of 1 to 6 stages"),
        ("image_size", "0", "Image size is a whole number from 1 to 1024, or height x width"),
        ("cut", "0", "Cut shortcuts: list the numbers of blocks, counted from 1"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_keeps_the_network(field: str, typed: Any, sentence: str) -> None:
    visitor = unfolded(open_page(), "a.more")
    visitor.text_input(key=f"a.{field}").set_value(typed).run()
    calm(visitor)
    assert len(visitor.error) == 1
    assert visitor.error[0].value.startswith(sentence) or sentence in visitor.error[0].value
    assert shown(visitor, "a") == expected(preset("cifar56"))
    assert visitor.toggle(key="a.skip").set_value(False).run()
    assert not visitor.error, "the next change makes it stale"


@pytest.mark.parametrize(
    ("there", "switch", "value", "sentence"),
    [
        ({"a_width": "3", "a_width_per_group": "21"}, "block", "bottleneck", "leave a group less than one channel"),
    ],
)
def test_what_is_impossible_as_a_whole_is_refused_at_the_widget_that_asked(
    there: dict[str, str], switch: str, value: Any, sentence: str
) -> None:
    visitor = open_page(a="cifar20", **there)
    before = of_link(visitor)
    was = visitor.button_group(key=f"a.{switch}").value
    visitor.button_group(key=f"a.{switch}").set_value(value).run()
    calm(visitor)
    assert [sentence in box.value for box in visitor.error] == [True]
    (widget,) = (one for one in visitor.button_group if str(one.key).startswith(f"a.{switch}"))
    assert widget.value == was, "the widget shows the network that is kept"
    assert of_link(visitor).items() >= before.items()


def test_a_field_that_is_left_as_it_was_leaves_what_was_told_of_a_change() -> None:
    visitor = open_page(a="cifar20")
    visitor.button_group(key="a.block").set_value("bottleneck").run()
    told = visitor.session_state.change
    assert (told.slot, told.number) == ("a", 1)
    visitor = unfolded(visitor, "a.more")
    visitor.text_input(key="a.cut").set_value(" ").run()  # no block at all, as before
    calm(visitor)
    assert visitor.session_state.change == told


def test_no_toggle_refuses_and_what_has_no_effect_is_greyed_with_the_reason() -> None:
    visitor = unfolded(open_page(a="resnext50_32x4d"), "a.more")
    visitor.button_group(key="a.block").set_value("basic").run()
    calm(visitor)
    assert not visitor.error
    groups = visitor.number_input(key="a.groups")
    assert groups.disabled
    assert groups.value == 32, "it keeps its value"
    assert "A basic block has no such part: it shapes a bottleneck." in {caption.value for caption in visitor.caption}
    visitor.toggle(key="a.skip").set_value(False).run()
    calm(visitor)
    assert not visitor.error
    assert visitor.selectbox(key="a.shortcut").disabled
    assert shown(visitor, "a") == expected(preset("resnext50_32x4d").with_(block="basic", skip=False))
    visitor.toggle(key="a.skip").set_value(True).run()
    visitor.button_group(key="a.block").set_value("bottleneck").run()
    assert shown(visitor, "a") == expected(preset("resnext50_32x4d")), "it counts again"


def test_every_field_has_a_widget() -> None:
    explore = unfolded(open_page(), "a.more")
    keys = {element.key for element in explore.main if getattr(element, "key", None)}
    assert {f"a.{field.name}" for field in ARCH_FIELDS.values() if field.place != "hidden"} <= keys
    train = unfolded(open_page("train"), "train.more")
    keys = {element.key for element in train.main if getattr(element, "key", None)}
    assert {f"train.{field.name}" for field in TRAIN_FIELDS.values()} - {"train.archive"} <= keys


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("page", "card", "table"), [("explore", "b", ARCH_FIELDS), ("train", "train", TRAIN_FIELDS)])
def test_what_every_field_means_is_told_beside_the_card(
    page: str, card: str, table: dict[str, SpecField], language: str
) -> None:
    def told(visitor: AppTest) -> str:
        return "\n".join(element.value for element in visitor.markdown)

    visitor, say = open_page(page, lang=language), words(language)
    fields = [field for field in table.values() if field.place != "hidden"]
    assert f"**{say(fields[-1].title)}**" not in told(visitor), "only while it is open"
    said = told(unfolded(visitor, f"{card}.meaning"))
    for field in fields:
        assert f"**{say(field.title)}**" in said
        papers = field.source.values() if isinstance(field.source, dict) else [field.source]
        for paper in papers:
            if isinstance(paper, str) and paper:
                assert f"[{paper}](https://arxiv.org/abs/{paper.removeprefix('arXiv:')})" in said, field.name


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
    visitor.button(key="tools.ask1").click().run()
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
    visitor = open_page(a="resnet50", b="resnet50_v1", block="4", lang=language)
    assert "3×3, 128→128, /2" in drawn(visitor, "a")
    assert "1×1, 256→128, /2" in drawn(visitor, "b")
    visitor = open_page(a="resnet50", b="resnet50_v1", lang=language)
    assert "/2" not in drawn(visitor, "a") + drawn(visitor, "b"), "a block like most, where none was opened"


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
    visitor.button(key="compare.ask0").click().run()
    end = time.monotonic() + PATIENCE_S
    while not visitor.error:
        assert time.monotonic() < end
        time.sleep(0.2)
        visitor.run()
    calm(visitor)
    return str(visitor.error[0].value)


def batch_box(visitor: AppTest) -> Any:
    """The list of batch sizes; one whose value was refused is another widget afterwards."""
    return next(box for box in visitor.selectbox if str(box.key).startswith("latency.batch_size"))


def type_in(box: Any, text: str) -> None:
    """Type what the list does not offer; AppTest's own selects only."""
    box.options.append(text)
    box.set_value(text).run()


def test_the_time_is_measured_on_the_chosen_batch_and_device(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    absent = "mps" if torch.cuda.is_available() else "cuda"
    monkeypatch.setattr(cache, "device_names", lambda: ("cpu", absent))
    visitor = unfolded(open_page(a="resnet50"), "compare")
    assert visitor.selectbox(key="latency.batch_size").value == 1
    assert visitor.selectbox(key="latency.batch_size").options == ["1", "8", "32", "128"]
    visitor.selectbox(key="latency.batch_size").set_value(128).run()
    assert of_link(visitor)["latency.batch_size"] == "128"
    for typed, told in (("0", "from 1 to 4096; got 0"), ("many", "from 1 to 4096; got many")):
        type_in(batch_box(visitor), typed)
        assert [told in box.value for box in visitor.error] == [True]
    type_in(batch_box(visitor), "24")
    calm(visitor)
    assert of_link(visitor)["latency.batch_size"] == "24", "any other can be typed"
    assert batch_box(visitor).value == 24
    visitor.button_group(key="latency.device").set_value(absent).run()
    assert f"this machine has no {absent.upper()} device" in refused_time(visitor)


def test_copying_a_network() -> None:
    visitor = unfolded(open_page(a="resnet18"), "b.more")
    visitor.button(key="b.copy").click().run()
    calm(visitor)
    assert shown(visitor, "b") == shown(visitor, "a")
    assert of_link(visitor)["b"] == "resnet18"
    assert network("resnet18").title == "resnet18"


def test_what_fits_into_some_memory() -> None:
    visitor = unfolded(open_page(a="resnet50", b="resnet18"), "memory")
    for gigabytes in (8, 2):
        visitor.number_input(key="memory.gigabytes").set_value(float(gigabytes)).run()
        calm(visitor)
        found = [fits(count(preset(name)), gigabytes * 10**9) for name in ("resnet50", "resnet18")]
        assert f"What fits in {gigabytes} GB" in markup(visitor)
        for row in zip(*found, strict=True):  # training, inference
            assert "".join(f"<td>{batch:,}</td>" for batch in row) in markup(visitor)
