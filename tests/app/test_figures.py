"""Drawings and figures against the records that they are made from."""

import math
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from app.figures.block import block_drawing, drawn_rows
from app.figures.bottleneck import design_cards
from app.figures.gradients import gradient_profile
from app.figures.network import network_drawing
from app.figures.numbers import Metric, difference, metrics_of, numbers_strip, percent, readable
from app.figures.palette import SHORTCUT, SLOT_COLOURS
from app.figures.published import published
from app.figures.svg import element, label
from app.text import LANGUAGES, Words, words
from resnet_core import ArchSpec, Layer, Unit, count, plan, preset, presets
from resnet_core.cost.bottleneck import compare
from tests.strategies import arch_specs

SVG = "{http://www.w3.org/2000/svg}"
COLOUR = SLOT_COLOURS["a"]
NASTY = '<script>alert("&")</script>'


def _parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def _texts(root: ElementTree.Element) -> list[str]:
    return ["".join(node.itertext()) for node in root.iter() if node.tag.removeprefix(SVG) == "text"]


def _said(layer: Layer) -> str:
    """The operator as a textbook writes it."""
    before, after = layer.in_shape[0], layer.out_shape[0]
    stride = f", /{layer.stride}" if layer.stride > 1 else ""
    groups = f", g={layer.groups}" if layer.groups > 1 else ""
    size = f"{layer.kernel}×{layer.kernel}"
    return {
        "conv": f"{size}, {before}→{after}{stride}{groups}",
        "bn": "BatchNorm",
        "relu": "ReLU",
        "pad": f"zero-pad{stride}",
        "add": "+",
        "scale": f"× {layer.value:g}",
        "dropout": f"dropout {layer.value:g}",
        "sigmoid": "σ",
        "multiply": "× s" if layer.part == "attention" else "× g",
        "carry": "× (1 − g)",
        "gn": f"GroupNorm, g={layer.groups}",
        "learned_scale": "× α",
        "stochastic_depth": f"× b, p={layer.value:.3g}",
        "meanpool": f"mean {layer.kernel}×{layer.kernel}{stride}",
        "avgpool": "mean",
    }[layer.op]


def _size(shape: tuple[int, int, int]) -> str:
    return "×".join(map(str, shape))


def _drawn(unit: Unit, say: Words) -> tuple[list[str], ElementTree.Element]:
    root = _parse(block_drawing(unit, COLOUR, say))
    return _texts(root), root


@settings(max_examples=60)
@given(arch_specs())
def test_the_block_shows_the_operators_of_the_plan_in_their_order(spec: ArchSpec) -> None:
    say = words("en")
    for unit in plan(spec).units:
        body = unit.body
        texts, root = _drawn(unit, say)
        bare = body.addition and not body.part("shortcut")
        assert texts[2:-2] == [*map(_said, body.layers), *(["identity"] if bare else [])]
        assert texts[:2] == [f"x  ({_size(body.in_shape)})", unit.name]
        assert texts[-1] == f"({_size(body.out_shape)})"
        assert drawn_rows(unit) == len(body.layers) - len(body.part("shortcut", "gate"))
        assert root.attrib["aria-label"].endswith(", ".join(map(_said, body.layers)))
        wires = [node for node in root.iter() if node.tag.removeprefix(SVG) == "path" and node.get("fill") == "none"]
        assert len(wires) == 1 + sum(len(layer.inputs) for layer in body.layers), "a wire for each reading, and out"


@pytest.mark.parametrize("name", ["cifar20", "preact164", "resnet18", "resnet50"])
def test_without_skip_the_shortcut_is_gone_and_all_else_stays(name: str) -> None:
    say = words("en")
    spec = preset(name)
    for with_skip, without in zip(plan(spec).units, plan(spec.with_(skip=False)).units, strict=True):
        texts, root = _drawn(without, say)
        assert SHORTCUT not in ElementTree.tostring(root, encoding="unicode")
        assert "+" not in texts
        assert "identity" not in texts
        assert SHORTCUT in block_drawing(with_skip, COLOUR, say)
        kept = [_said(layer) for layer in with_skip.body.layers if layer.part not in ("shortcut", "add")]
        assert texts[2:-2] == kept


def test_the_block_ends_with_its_equation() -> None:
    """arXiv:1512.03385, equations 1 and 2, with what follows the addition around it."""

    def result(spec: ArchSpec, unit: int) -> str:
        return _drawn(plan(spec).units[unit], words("en"))[0][-2]

    spec = ArchSpec(stages=(2, 2))
    assert result(spec, 1) == "H(x) = ReLU(F(x) + x)"
    assert result(spec, 2) == "H(x) = ReLU(F(x) + pad(x))"
    assert result(spec.with_(projection="B"), 2) == "H(x) = ReLU(F(x) + Wₛx)"
    assert result(spec.with_(skip=False), 1) == "H(x) = ReLU(F(x))"
    assert result(spec.with_(ordering="full_preact"), 1) == "H(x) = F(x) + x"
    assert result(spec.with_(ordering="bn_after_addition"), 1) == "H(x) = ReLU(BN(F(x) + x))"
    assert result(spec.with_(ordering="full_preact", projection="B"), 2) == "F(x̂) + Wₛx̂,  x̂ = ReLU(BN(x))"
    preact = spec.with_(ordering="full_preact")
    assert result(preact.with_(shortcut="constant_scaling", branch_scale=1), 1) == "H(x) = 1·F(x) + 0.5·x"
    assert result(preact.with_(shortcut="exclusive_gating"), 1) == "H(x) = g·F(x) + (1−g)·x"
    assert result(preact.with_(shortcut="shortcut_only_gating"), 1) == "H(x) = F(x) + (1−g)·x"
    assert result(preact.with_(shortcut="conv1x1"), 1) == "H(x) = F(x) + Wₛx"
    assert result(preact.with_(shortcut="dropout"), 1) == "H(x) = F(x) + dropout(x)"


def test_the_first_block_of_a_stage_shows_stride_projection_and_shared_activation() -> None:
    def first(spec: ArchSpec) -> list[str]:
        return _drawn(plan(spec).changing_unit, words("en"))[0]

    assert [text for text in first(preset("resnet50")) if "/2" in text] == ["3×3, 128→128, /2", "1×1, 256→512, /2"]
    assert [text for text in first(preset("resnet50_v1")) if "/2" in text] == ["1×1, 256→128, /2", "1×1, 256→512, /2"]
    assert "zero-pad, /2" in first(preset("cifar20"))
    assert "1×1, 16→32, /2" in first(preset("cifar20").with_(projection="C"))
    ordinary = plan(preset("cifar20").with_(projection="C")).ordinary_unit
    assert "1×1, 16→16" in _drawn(ordinary, words("en"))[0], "C projects every shortcut"
    preact = plan(preset("preact164")).changing_unit
    assert first(preset("preact164"))[2:5] == ["BatchNorm", "ReLU", "1×1, 64→32"]
    xml = block_drawing(preact, COLOUR, words("en"))
    fork = re.search(rf'd="M[\d.]+,([\d.]+) H[^"]+" fill="none" stroke="{SHORTCUT}"', xml)
    relu, convolution = (float(re.findall(rf'y="([\d.]+)"[^>]*>{text}<', xml)[0]) for text in ("ReLU", "1×1, 64→32"))
    assert fork
    assert relu < float(fork[1]) < convolution, "both paths take what the activation puts out"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drawing_says_operators_in_the_readers_language(language: str) -> None:
    say = words(language)
    spec = preset("cifar20").with_(shortcut="dropout")
    assert f"{say('dropout')} 0.5" in _drawn(plan(spec).ordinary_unit, say)[0]
    assert f"{say('zero-pad')}, /2" in _drawn(plan(spec).changing_unit, say)[0]
    assert say("classes") in _texts(_parse(network_drawing(count(spec), COLOUR, say)))


def test_two_drawings_side_by_side_take_the_same_height() -> None:
    tall, short = (plan(preset(name)).units[0] for name in ("resnet50", "cifar20"))
    rows = max(map(drawn_rows, (tall, short)))
    boxes = [_parse(block_drawing(unit, COLOUR, words("en"), rows=rows)).attrib["viewBox"] for unit in (tall, short)]
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", presets())
def test_every_drawing_of_every_preset_is_well_formed(name: str, language: str) -> None:
    say = words(language)
    ledger = count(preset(name))
    drawings = [network_drawing(ledger, COLOUR, say)]
    distinct = {id(unit.body): unit for unit in ledger.plan.units}
    drawings += [block_drawing(unit, COLOUR, say) for unit in distinct.values()]
    for drawing in drawings:
        root = _parse(drawing)
        assert root.tag.removeprefix(SVG) == "svg"
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"]
        for node in root.iter():
            assert not {"nan", "inf", "None", ""} & set(node.attrib.values())


@pytest.mark.parametrize("name", ["cifar56", "plain56", "resnet50", "preact1001", "cifar1202"])
def test_the_network_has_a_bar_a_block_and_an_arc_a_shortcut(name: str) -> None:
    ledger = count(preset(name))
    root = _parse(network_drawing(ledger, COLOUR, words("en")))
    bars = [node for node in root.iter() if node.tag.removeprefix(SVG) == "g"]
    arcs = [node for node in root.iter() if node.attrib.get("stroke") == SHORTCUT]
    long_ = [n for n in ledger.plan.spec.stages if n > 24]
    shown = sum(min(n, 24 - 1 if n > 24 else n) for n in ledger.plan.spec.stages)
    assert len(bars) == shown
    assert len(arcs) == (shown if ledger.plan.spec.skip else 0)
    texts = _texts(root)
    assert [int(text.split()[0]) for text in texts if text.endswith(" ×")] == list(ledger.plan.spec.stages)
    assert [int(text.split()[1]) for text in texts if "···" in text] == [n - 23 for n in long_]


def test_published_figures_name_their_source_and_are_gone_with_a_change() -> None:
    say, rows = words("en"), presets()
    html = published({"a": rows["cifar56"], "b": None}, say)
    assert "published: 0.85 M parameters, CIFAR-10 error 6.97% (arXiv:1512.03385, Table 6)" in html
    assert 'data-published="b"' not in html
    html = published({"a": rows["resnet50"], "b": rows["resnet50_v1"]}, say)
    assert "published: 25,557,032 parameters, 4.089 G multiply-adds (torchvision)<" in html
    told = "3.8 G multiply-adds (arXiv:1512.03385, Table 1); ImageNet top-1 error 22.85%, 10-crop (Table 3)<"
    assert told in html
    html = published({"a": rows["plain110"], "b": rows["plain56"]}, say)
    assert "CIFAR-10 error &gt;60% (arXiv:1512.03385, Figure 6)" in html
    assert "</p><p></p>" in html, "of plain-56 no number is printed"


def test_words_in_a_drawing_are_escaped() -> None:
    assert _texts(_parse(f"<svg>{label(0, 0, NASTY)}</svg>")) == [NASTY]
    node = _parse(element("rect", x=1.25, stroke_width=2, class_=NASTY))
    assert node.attrib == {"x": "1.2", "stroke-width": "2", "class": NASTY}
    metric = Metric("params", NASTY, NASTY, {"a": 1, "b": 2})
    assert "<script" not in numbers_strip([metric], set(), words("en"))


def test_a_gradient_profile_draws_each_norm_and_leaves_out_zero() -> None:
    figure = gradient_profile({"a": [1e-5, 0.0, 2.0], "b": [1.0]}, {"a": "one", "b": "two"}, words("en"))
    a, b = figure["data"]
    assert (a["x"], a["y"], b["y"]) == ([1, 2, 3], [1e-5, None, 2.0], [1.0])
    assert (a["name"], b["name"]) == ("A · one", "B · two")
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert figure["layout"]["yaxis"]["dtick"] == 1
    assert gradient_profile({"a": [1.0, 2.0]}, {"a": ""}, words("en"))["layout"]["yaxis"]["dtick"] == "D2"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0, "", "0"), (853_018, "", "853,018"), (9_999_999, "", "9,999,999"), (10_000_000, "", "10 M"),
        (125_485_696, "", "125.5 M"), (4_089_184_256, "", "4.089 G"), (999, "B", "999 B"), (1_000, "B", "1 kB"),
        (4_600_000, "B", "4.6 MB"), (2_500_000_000, "B", "2.5 GB"),
    ],
)  # fmt: skip
def test_a_number_is_readable(value: int, unit: str, shown: str) -> None:
    assert readable(value, unit) == shown


@pytest.mark.parametrize("unit", ["", "B"])
@pytest.mark.parametrize("power", range(22))
def test_a_readable_number_is_never_written_with_an_exponent(power: int, unit: str) -> None:
    for value in (10**power - 1, 10**power, 10**power + 1, 99_995 * 10**power // 10**5):
        shown = readable(value, unit)
        assert "e" not in shown, (value, shown)
        number = re.fullmatch(rf"([\d.,]+) ?([EPTGMk]?){unit}", shown)
        assert number, shown
        size = {"E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "": 1}[number[2]]
        assert float(number[1].replace(",", "")) * size == pytest.approx(value, rel=6e-4)


@pytest.mark.parametrize(("share", "shown"), [(0.5, "50.0%"), (0.001, "0.1%"), (0.000321, "0.032%"), (12.0, "1200.0%")])
def test_a_share_is_never_nothing(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_the_strip_holds_the_ledgers_and_their_difference(english: Words) -> None:
    a, b = count(preset("cifar56")), count(preset("cifar56").with_(width=32))
    metrics = metrics_of({"a": a, "b": b}, english)
    values = {metric.name: tuple(metric.values.values()) for metric in metrics}
    assert values == {
        "params": (a.params, b.params), "macs": (a.macs, b.macs), "saved": (a.saved_bytes, b.saved_bytes),
        "depth": (56, 56),
    }  # fmt: skip
    html = numbers_strip(metrics, {("params", "b")}, english)
    _well_formed(html)
    spans = re.findall(r'data-metric="(\w+)" data-slot="([ab])" data-value="(\d+)" class="([^"]*)"', html)
    assert {(name, slot): int(value) for name, slot, value, _ in spans} == {
        (metric.name, slot): value for metric in metrics for slot, value in metric.values.items()
    }
    assert [(name, slot) for name, slot, _, css in spans if css] == [("params", "b")]
    assert "853,018" in html


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [(7, 7, ""), (0, 0, ""), (100, 150, "+50.0%"), (200, 150, "−25.0%"), (0, 5, "+5"), (10**6, 10**6 + 1, "+0.0001%")],
)  # fmt: skip
def test_the_difference_is_b_against_a(a: int, b: int, told: str) -> None:
    assert difference(Metric("params", "", "", {"a": a, "b": b})) == told


def test_the_bottleneck_cards_write_out_every_sum(english: Words) -> None:
    html = design_cards(compare(), english)
    _well_formed(html)
    assert re.findall(r"data-shorthand>([\d,]+)<", html) == ["1,152", "896", "4,608"]
    assert re.findall(r"data-weights>([\d,]+)<", html) == ["73,728", "69,632", "1,179,648"]
    assert re.findall(r"data-macs>([\d,]+)<", html) == ["231,211,008", "218,365,952", "3,699,376,128"]
    for left, right in re.findall(r"<td>([\d·]+) = ([\d,]+)</td>", html):
        assert math.prod(map(int, left.split("·"))) == int(right.replace(",", ""))


def _well_formed(html: str) -> None:
    open_: list[str] = []

    class Check(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
            open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    Check().feed(html)
    assert open_ == []
