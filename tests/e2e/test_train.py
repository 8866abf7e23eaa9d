"""The Train page in a browser: a whole race, a reload, a second tab, a visitor's own images, a killed child."""

import json
import math
import sys
import time

import psutil
import pytest
from playwright.sync_api import expect

from app.slots import SLOTS, Slot
from resnet_core import TrainSpec
from tests.app.kept_runs import SMALL, stored
from tests.e2e import acts
from tests.e2e.conftest import Visit
from tests.e2e.races import CURVES, QUICK, drawn, ids, recorded, start, steps, stop
from tests.e2e.site import Site
from tests.train.test_data_own import packed, pets

GAP = 0.30  # between the two accuracies: the point of the paper


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
    assert steps(page) == drawn(page) == [110, 110]


def test_a_reload_and_a_second_visitor_find_the_run(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    page.reload()
    acts.wait_for_epochs(page)
    expect(acts.widget(page, "train", "go").get_by_role("button")).to_be_disabled()
    before = steps(page)
    page.wait_for_function(
        "before => [...window.rxRaces.values()].at(-1).all.every((run, place) => run.told.count > before[place])",
        arg=before,
    )

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
    held = maps.evaluate("plot => plot.data[0].x.length")
    grown = "n => document.querySelector('.st-key-maps .js-plotly-plot').data[0].x.length > n"
    page.wait_for_function(grown, arg=held, timeout=60_000)  # Plotly draws seldom while the machine trains
    assert maps.evaluate("plot => [...plot.layout.xaxis.range]") == pytest.approx(zoomed)
    assert maps.evaluate("plot => plot.marked && plot === window.plotElement")
    stop(page)


def test_a_training_that_diverges_says_where(visit: Visit) -> None:
    page = visit("/train?a=cifar20&b=plain20&a.norm=none&b.norm=none&train.learning_rate=10")
    start(page)
    acts.wait_for_end(page)
    expect(page.get_by_role("alert").filter(has_text="diverged at step").first).to_be_visible()
    assert min(steps(page)) >= 1


def test_a_visitor_s_own_images(visit: Visit) -> None:
    page = visit("/train?a=cifar20&b=plain20&train.data=own&train.side=16&train.batch_size=8&train.steps=8")
    acts.widget(page, "train", "more").get_by_role("button").first.click()
    upload = acts.widget(page, "train", "upload").locator("input[type=file]")
    whole = packed(pets(10))
    upload.set_input_files({"name": "half.zip", "mimeType": "application/zip", "buffer": whole[: len(whole) // 2]})
    expect(page.get_by_role("alert").filter(has_text="zip")).to_be_visible()
    upload.set_input_files({"name": "pets.zip", "mimeType": "application/zip", "buffer": whole})
    expect(page.get_by_text("16 images to learn and 4 to test in 2 classes: cat, dog.")).to_be_visible()
    page.keyboard.press("Escape")
    start(page)
    acts.wait_for_epochs(page, 4)
    acts.wait_for_end(page)
    assert steps(page) == [8, 8]
    assert set(acts.accuracies(page)) == {"a", "b"}


def test_images_that_are_gone_leave_the_curves(visit: Visit, site: Site) -> None:
    gone = TrainSpec(data="own", archive="0123456789abcdef", side=16, epochs=1)
    runs = [stored(site.runs, f"gone-skip-{skip}", SMALL.with_(skip=skip), gone) for skip in (True, False)]
    page = visit("/train?run=" + ".".join(run.id for run in runs))
    expect(page.get_by_text("A visitor's own images, which are not kept here any more.")).to_be_visible()
    page.wait_for_function("curves => document.querySelector(curves)?.data?.[3].y.length === 4", arg=CURVES)
    assert set(acts.accuracies(page)) == {"a", "b"}
    expect(page.get_by_text("points apart")).to_be_visible()


def test_a_thinned_history_says_so(visit: Visit, site: Site) -> None:
    run = stored(site.runs, "long-000000", steps=2500)
    page = visit(f"/train?run={run.id}")
    expect(page.get_by_text("1 step in 4 is held here; the run folder has all.")).to_be_visible()
    slider = page.get_by_role("slider", name="At step")
    expect(page.get_by_text("At step 2500", exact=True)).to_be_visible()
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("At step 5", exact=True)).to_be_visible()
    profile = ".st-key-profile .js-plotly-plot"
    page.wait_for_function("plot => Math.abs(document.querySelector(plot)?.data?.[0].y[0] - 0.5) < 1e-6", arg=profile)
    page.keyboard.press("End")
    expect(page.get_by_text("At step 2500", exact=True)).to_be_visible()


def test_one_slider_moves_the_numbers_and_a_line_on_curves_and_map(visit: Visit, site: Site) -> None:
    run = stored(site.runs, "held-000000", steps=11)
    page = visit(f"/train?run={run.id}")
    accuracy, loss = page.locator('[data-accuracy="a"]'), page.locator('[data-now="a.loss"]')
    expect(accuracy).to_have_text("50.0%")
    cursors = page.locator(".rx-cursor")
    page.wait_for_function("document.querySelectorAll('.rx-cursor').length === 3")
    assert [cursor.is_visible() for cursor in cursors.all()] == [False] * 3
    page.get_by_role("slider", name="At step").fill("4")
    expect(loss).to_have_text("0.250")
    expect(accuracy).to_have_text("–")  # the test came after step 11
    for figure, place in ((CURVES, 4 / 11), (".st-key-maps .js-plotly-plot", 4)):
        expect(page.locator(figure).locator(".rx-cursor")).to_be_visible()
        apart = page.eval_on_selector(
            figure,
            "(plot, x) => { const axis = plot._fullLayout.xaxis;"
            " return parseFloat(plot.querySelector('.rx-cursor').style.left) - axis._offset - axis.d2p(x); }",
            place,
        )
        assert abs(apart) < 1
    labels = page.locator(".st-key-profile .ytick").all_inner_texts()
    assert len(labels) == 2, f"powers of ten alone, not {labels}"
    page.get_by_role("slider", name="At step").fill("11")
    expect(accuracy).to_have_text("50.0%")
    expect(cursors.filter(visible=True)).to_have_count(0)


def test_stopped_is_not_finished(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    stop(page)
    assert int(page.get_by_role("progressbar").get_attribute("aria-valuenow") or 100) < 100


def test_the_test_loss_is_drawn(visit: Visit, site: Site) -> None:
    run = stored(site.runs, "loss-000000", steps=11)
    page = visit(f"/train?run={run.id}")
    page.wait_for_function("curves => document.querySelector(curves)?.data?.[1].y[0] === 0.4", arg=CURVES)
    line = page.eval_on_selector(CURVES, "plot => [plot.data[1].x[0], plot.data[1].y[0], plot.data[1].yaxis]")
    assert line == [1, 0.4, "y2"]


def test_a_spike_of_the_loss_is_said_and_flattens_nothing(visit: Visit, site: Site) -> None:
    calm, wild = (
        stored(site.runs, "calm-000000"),
        stored(site.runs, "wild-000000", SMALL.with_(skip=False), test_loss=6e7),
    )
    page = visit(f"/train?run={calm.id}.{wild.id}")
    said = page.locator(CURVES).get_by_text("Beyond this axis, the highest loss: B 6.0e+7", exact=True)
    expect(said).to_be_visible()
    end = page.eval_on_selector(CURVES, "plot => plot._fullLayout.yaxis2.range[1]")
    assert end == pytest.approx(2 * math.log(10))


def test_a_test_loss_that_is_infinite_is_a_gap_and_not_zero(visit: Visit, site: Site) -> None:
    run = stored(site.runs, "huge-000000", test_loss=math.inf)
    page = visit(f"/train?run={run.id}")
    page.wait_for_function("curves => document.querySelector(curves)?.calcdata?.[1]", arg=CURVES)
    told = page.evaluate("[...window.rxRaces.values()].at(-1).all[0].told.tests[0][2]")
    assert told == math.inf
    drawn_at = page.eval_on_selector(CURVES, "plot => [plot.calcdata[0][0].y, plot.calcdata[1][0].y ?? null]")
    assert drawn_at == [0.5, None], "the accuracy has its mark, the loss none"
    assert page.eval_on_selector(CURVES, "plot => plot._fullLayout.yaxis2.range.every(Number.isFinite)")


def test_a_killed_child_is_reported_and_its_curves_stay(visit: Visit, site: Site) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    killed = ids(page)[0]
    victim = json.loads((site.runs / killed / "header.json").read_text())["pid"]
    psutil.Process(victim).kill()
    said = page.get_by_role("alert").filter(has_text="was ended by the system (signal 9)")
    expect(said).to_be_visible()
    expect(said).to_contain_text("what it had recorded is kept")
    assert said.inner_text().strip().startswith("A")
    slot: Slot = "a"
    kept = len(recorded(site, killed))  # the figure is drawn now and then: the folder knows what there is
    assert kept >= 11
    other = SLOTS.index("b" if slot == "a" else "a")
    tested = page.evaluate("place => [...window.rxRaces.values()].at(-1).all[place].told.tests.length", other)
    acts.wait_for_epochs(page, tested + 1, [SLOTS[other]])  # the other goes on
    stop(page)
    expect(said).to_be_visible()
    assert steps(page)[SLOTS.index(slot)] == kept
    assert set(acts.accuracies(page)) == {"a", "b"}


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
