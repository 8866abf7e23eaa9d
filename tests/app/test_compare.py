"""A against B as tables and a chart: drawn from records alone."""

from dataclasses import replace

import pytest

from app.figures.compare import fields_table, layers_table, totals_table
from app.figures.latency import latency_table, seconds
from app.figures.parts import Html
from app.figures.roofline import drawing, kinds_table, roofline_chart
from app.text import words
from resnet_core import ArchSpec, count, preset
from resnet_core.cost.difference import difference
from resnet_core.probe.timing import Latency, Roofline

EN = words("en")
WHERE = {
    "seed": 0, "busy_cores": 0.5, "cores": 2, "device": "cpu", "device_name": "a processor", "threads": 1,
    "versions": {"torch": "2"}, "time_s": 1.0,
}  # fmt: skip
KINDS = ("convolution 3×3", "convolution 3×3, 32 groups", "convolution 1×1", "BatchNorm", "fully-connected")
NAMES = {"a": "resnet34", "b": "<b>"}


def latency(*times: float, macs: int = 2 * 10**9) -> Latency:
    return Latency(times, macs, params=1, batch_size=1, image_size=32, **WHERE)  # type: ignore[arg-type]


A = Roofline(
    ops=("conv", "conv", "bn", "fc"), kernels=(3, 1, 0, 0), groups=(1, 1, 1, 1), layers=(9, 2, 11, 1),
    macs=(9 * 10**8, 10**8, 0, 10**3), bytes_moved=(3 * 10**7, 2 * 10**7, 10**7, 4 * 10**3),
    times_s=(0.03, 0.01, 0.009, 0.001), lower_s=(0.02, 0.01, 0.008, 0.001), upper_s=(0.04, 0.02, 0.01, 0.002),
    passes=7, pass_s=0.05, peak_macs_per_s=4.8e10, peak_bytes_per_s=2e10, cache_bytes_per_s=4e10, batch_size=1,
    image_size=32, **WHERE,
)  # type: ignore[arg-type]  # fmt: skip
B = replace(A, groups=(32, 1, 1, 1), peak_macs_per_s=3e10)


def test_fields_and_totals_stand_side_by_side() -> None:
    found = difference(count(preset("resnet34")), count(preset("resnet50")))
    assert "<td>Block</td><td>basic</td><td>bottleneck</td>" in fields_table(found, EN)
    totals = totals_table(found, EN)
    for told in ("21,797,672", "25,557,032", "+3,759,360 (+17.2%)", "4,089,184,256", "85.91 MB"):
        assert told in totals


def test_layers_of_one_side_and_reshaped_ones_have_parts_of_their_own() -> None:
    html = layers_table(difference(count(ArchSpec()), count(ArchSpec(skip=False, num_classes=100))), EN)
    assert "only in A: 29<" in html
    assert "only in B" not in html
    assert "in both, with another shape: 1<" in html
    assert 'layer1.0–8.add <span class="rx-count">9×</span></td><td>addition · 16×32×32</td><td>–</td>' in html
    assert "<td>fully-connected · 64×1×1 → 10×1×1</td><td>fully-connected · 64×1×1 → 100×1×1</td>" in html


def test_the_ratio_of_times_stands_beside_that_of_macs() -> None:
    html = latency_table({"a": latency(0.1, 0.2, 0.3), "b": latency(0.15, 0.4, 0.6, macs=10**9)}, NAMES, EN)
    assert '<b data-latency="a">200 ms</b>' in html
    assert '<b data-latency="b">400 ms</b>' in html
    assert "<b data-ratio='time'>2</b>" in html
    assert "<b data-ratio='macs'>0.5</b>" in html
    assert "10 GMAC/s" in html
    assert '<span data-p95="a">290 ms</span>' in html
    assert "<td>5</td>" in html, "images a second"
    assert "&lt;b&gt;" in html


def test_a_mark_for_each_kind_with_macs_under_the_measured_roofs() -> None:
    figure = roofline_chart({"a": A, "b": B}, NAMES, EN)
    copy, memory, product, a, b = figure["data"]
    assert a["text"] == ["3×3", "1×1", "fully-connected"]
    assert b["text"][0] == "3×3 g=32"
    assert a["y"] == pytest.approx([30, 10, 0.001])
    assert a["x"] == pytest.approx([30, 5, 0.25])
    assert a["error_y"]["array"] == pytest.approx([15, 0, 0])
    assert a["error_y"]["arrayminus"] == pytest.approx([7.5, 5, 0.0005])
    assert copy["x"][1] == product["x"][0] == 1.2  # the ridge: 48 GMAC/s over 40 GB/s
    assert copy["y"] == pytest.approx([40 * copy["x"][0], 48])
    assert memory["y"] == pytest.approx([20 * memory["x"][0], 48])
    assert product["y"] == [48, 48]
    assert copy["x"][0] < 0.25
    assert product["x"][1] > 30


@pytest.mark.parametrize("roofline", [
    A, replace(A, peak_macs_per_s=4.4e10), replace(A, cache_bytes_per_s=1.0, peak_bytes_per_s=1.0),
    replace(A, cache_bytes_per_s=1.0, peak_bytes_per_s=1.0, peak_macs_per_s=1.0), replace(A, cache_bytes_per_s=0.0),
])  # fmt: skip
def test_no_point_lies_above_a_roof_that_is_drawn(roofline: Roofline) -> None:
    lines = [trace for trace in roofline_chart({"a": roofline}, NAMES, EN)["data"] if trace["mode"] == "lines"]
    marks = roofline_chart({"a": roofline}, NAMES, EN)["data"][-1]
    tops = [y + more for y, more in zip(marks["y"], marks["error_y"]["array"], strict=True)]
    for x, top in zip(marks["x"], tops, strict=True):
        for line in lines:
            if line["name"] == "copy from memory":
                continue  # no roof: what lies in a cache is above it, and the text says so
            (x0, x1), (y0, y1) = line["x"], line["y"]
            if x0 <= x <= x1:
                at = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
                assert top <= at * 1.000001, line["name"]
    told = "".join(part.markup for part in drawing({"a": [roofline]}, NAMES, EN) if isinstance(part, Html))
    drawn = {line["name"] for line in lines}
    assert ("no level roof is drawn" in told) is ("best matrix product measured" not in drawn)
    assert ("no slanted roof is drawn" in told) is ("best copy measured" not in drawn)


def test_the_table_of_kinds_is_in_order_of_their_time_and_leaves_gaps() -> None:
    html = kinds_table({"a": A, "b": B}, EN)
    order = [html.index(f"<td>{kind}</td>") for kind in KINDS]
    assert order == sorted(order)
    assert "<td>convolution 3×3</td><td>9</td><td>–</td><td>60.0%</td><td>–</td><td>30</td><td>–</td><td>1</td>" in html
    assert (
        "<td>BatchNorm</td><td>11</td><td>11</td><td>18.0%</td><td>18.0%</td><td>–</td><td>–</td><td>1.11</td>" in html
    )


@pytest.mark.parametrize(
    ("time", "told"), [(1.234, "1.23 s"), (0.1234, "123 ms"), (0.001, "1 ms"), (0.0001234, "123 µs")]
)
def test_times_have_three_digits_and_a_unit(time: float, told: str) -> None:
    assert seconds(time) == told
