"""The Train page in a browser: a whole race, Stop, reload, a second tab, a killed child, an absent device."""

import sys
import time

import psutil
import pytest
from playwright.sync_api import Page, expect

from app.slots import SLOTS, Slot
from resnet_core.jobs.stored import read
from tests.e2e import acts
from tests.e2e.conftest import Visit
from tests.e2e.site import Site

GAP = 0.30  # between the two accuracies: the point of the paper
QUICK = "/train?a=cifar20&b=plain20&train.epochs=100"  # small steps, and far from its end while a test looks at it
CURVES = ".st-key-curves .js-plotly-plot"


def start(page: Page) -> None:
    acts.press(page, "go")
    acts.in_link(page, "run=")


def steps(page: Page) -> list[int]:
    """The losses that the curves hold, for A and for B."""
    counts: list[int] = page.eval_on_selector(
        CURVES,
        """plot => {
          const length = axis => ArrayBuffer.isView(axis) || Array.isArray(axis) ? axis.length
            : atob(axis.bdata).length / 4;
          return [length(plot.data[1].y), length(plot.data[3].y)];
        }""",
    )
    return counts


def stop(page: Page) -> None:
    acts.press(page, "stop")
    acts.wait_for_end(page)


def test_the_default_race_shows_the_gap(visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    page = visit("/train")
    expect(page.get_by_text("Press Train.")).to_be_visible()
    pressed = time.monotonic()
    acts.press(page, "go")
    page.wait_for_function(
        """gap => {
          const [a, b] = [..."ab"].map(slot => document.querySelector(`[data-accuracy="${slot}"]`)?.dataset.value);
          return a && b && a - b >= gap;
        }""",
        arg=GAP,
        timeout=acts.RACE_MS,
    )
    seen = time.monotonic() - pressed
    expect(page.locator(".st-key-maps .js-plotly-plot")).to_be_visible()
    expect(page.locator('[data-pace="a"]')).to_contain_text("images/s")
    expect(page.get_by_text("digits").first).to_be_visible()
    acts.wait_for_end(page)
    ended = time.monotonic() - pressed
    final = acts.accuracies(page)
    with capsys.disabled():
        sys.stdout.write(f"\nA gap of {GAP:.0%} after {seen:.1f} s, the end after {ended:.1f} s: {final}\n")
    assert final["a"] - final["b"] >= GAP
    expect(page.get_by_text("points apart")).to_be_visible()
    assert steps(page) == [110, 110]


def test_stop_keeps_what_was_recorded(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page, 2)
    stop(page)
    expect(page.get_by_text("The training was ended early.")).to_be_visible()
    expect(page.get_by_text("A: stopped · B: stopped")).to_be_visible()
    kept, scores = steps(page), acts.accuracies(page)
    assert min(kept) >= 22
    assert set(scores) == {"a", "b"}
    page.reload()
    page.wait_for_selector(CURVES)
    assert (steps(page), acts.accuracies(page)) == (kept, scores)


def test_a_reload_and_a_second_visitor_find_the_run(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    page.reload()
    page.wait_for_selector(CURVES)
    expect(acts.widget(page, "train", "go").get_by_role("button")).to_be_disabled()
    before = steps(page)
    page.wait_for_function(
        "([selector, n]) => document.querySelector(selector).data[0].x.length > n",
        arg=[CURVES, page.eval_on_selector(CURVES, "plot => plot.data[0].x.length")],
    )
    assert min(now - then for now, then in zip(steps(page), before, strict=True)) > 0

    second = visit("/train?" + page.url.partition("?")[2])
    acts.wait_for_epochs(second)
    stop(second)
    acts.wait_for_end(page)
    assert steps(page) == steps(second)


def test_zoom_and_element_survive_updates(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    maps = page.locator(".st-key-maps .js-plotly-plot")
    maps.evaluate("plot => { plot.marked = true; window.plotElement = plot; }")
    box = maps.locator(".nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    zoomed = maps.evaluate("plot => [...plot.layout.xaxis.range]")
    assert zoomed[1] - zoomed[0] < 1000
    acts.wait_for_epochs(page, 1 + page.eval_on_selector(CURVES, "plot => plot.data[0].x.length"))
    page.wait_for_function("n => document.querySelector('.st-key-maps .js-plotly-plot').data[0].x.length > n", arg=22)
    assert maps.evaluate("plot => [...plot.layout.xaxis.range]") == pytest.approx(zoomed)
    assert maps.evaluate("plot => plot.marked && plot === window.plotElement")
    stop(page)


def test_a_killed_child_is_reported_and_its_curves_stay(visit: Visit, site: Site) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    victim = trainings(site)[0]
    victim.kill()
    said = page.get_by_role("alert").filter(has_text="was ended by the system (signal 9)")
    expect(said).to_be_visible()
    expect(said).to_contain_text("what it had recorded is kept")
    slot: Slot = "a" if said.inner_text().strip().startswith("A") else "b"
    run_id = page.url.partition("run=")[2].partition("&")[0].split(".")[SLOTS.index(slot)]
    run = read(site.runs, run_id)  # the figure is drawn now and then: the folder knows what there is
    assert run is not None
    kept = len(run.records)
    assert kept >= 11
    tested = page.eval_on_selector(CURVES, "plot => Math.max(plot.data[0].x.length, plot.data[2].x.length)")
    acts.wait_for_epochs(page, tested + 1, ["b" if slot == "a" else "a"])  # the other goes on
    stop(page)
    expect(said).to_be_visible()
    assert steps(page)[SLOTS.index(slot)] == kept
    assert set(acts.accuracies(page)) == {"a", "b"}


def trainings(site: Site) -> list[psutil.Process]:
    """The two children that train: grandchildren of the server, below its fork server."""
    end = time.monotonic() + 20
    while True:
        below = [child for server in psutil.Process(site.pid).children() for child in server.children()]
        if len(below) == 2:
            return sorted(below, key=lambda process: process.create_time())
        assert time.monotonic() < end, below
        time.sleep(0.1)  # the page is not looked at meanwhile


def test_an_absent_device_is_a_clear_message(visit: Visit) -> None:
    torch = pytest.importorskip("torch")
    absent = "mps" if torch.cuda.is_available() else "cuda"
    page = visit(f"/train?train.device={absent}")
    acts.press(page, "go")
    expect(page.get_by_role("alert").filter(has_text=f"{absent} was asked for, but this machine has no such device")
           ).to_be_visible(timeout=30_000)  # fmt: skip
    assert "run=" not in page.url
    expect(page.get_by_text("Press Train.")).to_be_visible()


def test_a_run_that_is_not_kept_any_more(visit: Visit) -> None:
    page = visit("/train?run=abcdefgh1234.abcdefgh5678")
    expect(page.get_by_text("The run of this link is not kept here any more.")).to_be_visible()
