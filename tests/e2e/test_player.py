"""The player of a race in a browser: pause, step, slow motion, stop, restart, continue."""

import json

import psutil
from playwright.sync_api import expect

from tests.e2e import acts
from tests.e2e.conftest import Visit
from tests.e2e.races import QUICK, ids, recorded, start, steps, stop
from tests.e2e.site import Site


def test_stop_keeps_what_was_recorded(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page, 2)
    stop(page)
    expect(page.get_by_text("The training was ended early.")).to_be_visible()
    kept, scores = steps(page), acts.accuracies(page)
    assert min(kept) >= 22
    assert set(scores) == {"a", "b"}
    page.reload()
    acts.wait_for_epochs(page, 2)
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-accuracy]')].every(place => place.dataset.value)"
    )
    assert (steps(page), acts.accuracies(page)) == (kept, scores)


def test_the_player_pauses_steps_and_goes_on(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    acts.steer(page, "pause")
    acts.state(page, "paused")
    held = steps(page)
    page.wait_for_timeout(500)
    assert steps(page) == held
    acts.steer(page, "step")
    page.wait_for_function(
        "held => [...window.rxRaces.values()].at(-1).all.every((run, at) => run.told.count === held[at] + 1)", arg=held
    )
    expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()
    acts.steer(page, "pause")
    acts.state(page, "training")
    stop(page)


def test_slow_motion_is_what_the_box_says(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page)
    box = page.get_by_role("checkbox", name="Slow motion")
    expect(box).not_to_be_checked()
    box.check()
    page.wait_for_function("[...window.rxRaces.values()].at(-1).slow === 2")
    page.reload()
    expect(box).to_be_checked()
    run = page.url
    acts.press(page, "again")
    page.wait_for_function("url => location.href !== url", arg=run)
    expect(box).to_be_enabled()
    expect(box).not_to_be_checked()
    acts.wait_for_epochs(page)  # at full speed: an epoch of slow motion takes 22 s
    stop(page)


def test_the_time_left_is_that_of_the_longest(visit: Visit) -> None:
    page = visit("/train?a=cifar20&b=plain20&train.seconds=20")
    start(page)
    acts.wait_for_epochs(page)
    page.wait_for_function(
        """() => {
          const runs = [...window.rxRaces.values()].at(-1).all.map(run => run.told);
          const longest = Math.max(...runs.map(run => run.left_s)).toFixed(0);
          return runs.every(run => run.progress < 1)
            && document.querySelector(".rx-state").textContent === `training · about ${longest} s left`;
        }"""
    )
    stop(page)


def test_the_slider_goes_back_to_an_earlier_step(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    acts.wait_for_epochs(page, 2)
    stop(page)
    profile = page.locator(".st-key-profile .js-plotly-plot")
    last = profile.evaluate("plot => plot.data[0].y")
    assert len(last) == 9
    slider = page.get_by_role("slider", name="At step")
    slider.evaluate("input => { input.value = 3; input.dispatchEvent(new Event('input')); }")
    page.wait_for_function(
        "last => String(document.querySelector('.st-key-profile .js-plotly-plot').data[0].y) !== String(last)", arg=last
    )
    expect(page.get_by_text("At step 3", exact=True)).to_be_visible()


def test_the_answers_to_test_images_are_those_of_the_step_on_show(visit: Visit) -> None:
    page = visit(QUICK)
    start(page)
    expect(page.locator(".rx-samples canvas")).to_have_count(12)
    acts.wait_for_epochs(page, 8)
    stop(page)
    answers = "() => [...document.querySelectorAll('.rx-samples td')].map(cell => cell.textContent)"
    last = page.evaluate(answers)
    assert len(last) == 24
    assert all(text[0] in "✓✗" for text in last)
    slider = page.get_by_role("slider", name="At step")
    slider.evaluate("input => { input.value = 11; input.dispatchEvent(new Event('input')); }")  # after the first epoch
    page.wait_for_function(f"last => String(({answers})()) !== String(last)", arg=last)
    slider.evaluate("input => { input.value = 3; input.dispatchEvent(new Event('input')); }")  # before any test
    page.wait_for_function(f"() => ({answers})().every(text => text === '–')")


def test_a_restart_from_the_same_seed_gives_the_same_numbers(visit: Visit) -> None:
    page = visit("/train?a=cifar20&b=plain20&train.steps=12")
    start(page)
    acts.wait_for_end(page)
    first, run = acts.accuracies(page), page.url
    acts.press(page, "again")
    page.wait_for_function("url => location.href !== url", arg=run)
    expect(acts.widget(page, "train", "go").get_by_role("button")).to_be_disabled()
    acts.wait_for_end(page)
    assert acts.accuracies(page) == first


def test_what_was_stopped_goes_on_to_the_same_numbers(visit: Visit, site: Site) -> None:
    link = "/train?a=cifar20&b=plain20&train.steps=66"
    page = visit(link)
    start(page)
    acts.wait_for_epochs(page, 2)
    stop(page)
    stopped = ids(page)
    assert all(22 <= len(recorded(site, run_id)) < 66 for run_id in stopped)
    acts.press(page, "resume")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_enabled()  # the player is back
    acts.wait_for_epochs(page, 6)
    acts.wait_for_end(page)
    assert ids(page) == stopped
    page = visit(link)
    start(page)
    acts.wait_for_epochs(page, 6)
    acts.wait_for_end(page)
    for run_id, other in zip(stopped, ids(page), strict=True):
        assert recorded(site, run_id) == recorded(site, other)


def test_a_race_that_was_killed_goes_on_too(visit: Visit, site: Site) -> None:
    page = visit("/train?a=cifar20&b=plain20&train.steps=66")
    start(page)
    acts.wait_for_epochs(page, 2)
    for run_id in ids(page):
        psutil.Process(json.loads((site.runs / run_id / "header.json").read_text())["pid"]).kill()
    acts.wait_for_end(page)
    before = [recorded(site, run_id) for run_id in ids(page)]
    acts.press(page, "resume")
    acts.wait_for_epochs(page, 6)
    acts.wait_for_end(page)
    for run_id, losses in zip(ids(page), before, strict=True):
        after = recorded(site, run_id)
        assert len(after) == 66
        assert after[: len(losses)] == losses
