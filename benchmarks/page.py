"""How quick the pages are in a real browser, and what watching costs a training.

Starts the README's command and measures inside the page, from the release of the mouse button to the DOM: the new
numbers, then the last of both blocks, both networks on the stage, the open table of layers and the measured gradients;
what can be read at each block comes after that, and has a line of its own. Needs what the browser tests need, and a
quiet machine: the load that it found is the first line.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median
from time import perf_counter

from playwright.sync_api import Browser, Page, sync_playwright

from app.link import Experiment
from benchmarks.report import Line, of_samples
from resnet_core.jobs.runner import Desk
from resnet_core.jobs.stored import read
from resnet_core.train.tape import Tape
from tests.e2e import acts
from tests.e2e.site import BROWSER_ARGS, Site, find_browser, serve

TITLE = "The pages in a browser"
CLOCK = Path(__file__).with_name("page.js")
STARTS = 5
WARM_UP = 4
ROUNDS = 20  # of each toggle: a click there, which is measured anew, and one back, which has been measured before
PAIRS = 3
# Part of the page -> targets in milliseconds for the median and for the 95th percentile.
PARTS: dict[str, tuple[float | None, float | None]] = {
    "number": (100, 200), "block": (None, None), "table": (None, None), "stage": (None, None), "gradient": (None, None),
    "last": (None, 350), "readout": (None, None),
}  # fmt: skip
Clicks = dict[str, list[dict[str, float]]]


def measure() -> list[Line]:
    """Starts, clicks, races: one after the other, on one server but for the starts."""
    lines = [Line("load of the machine before", os.getloadavg()[0], "")]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(BROWSER_ARGS))
        folder = Path(place)
        lines += _starts(browser, folder)
        with serve(folder) as site:
            lines += _clicks(browser, site)
            lines += _races(browser, site, folder)
        browser.close()
    return lines


@contextmanager
def _opened(browser: Browser, site: Site, path: str = "/") -> Iterator[Page]:
    """A page of a new visitor, with the clock in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400}, locale="en-US")
    context.add_init_script(path=CLOCK)
    page = context.new_page()
    page.goto(site.url + path)
    yield page
    context.close()


def _starts(browser: Browser, folder: Path) -> list[Line]:
    """Ours and, by turns, the barest page's: the machine's part and Streamlit's own."""
    times, bare = [], []
    for _ in range(STARTS):
        times.append(_start(browser, folder))
        bare.append(_bare_start(browser, folder))
    names = {
        "visible": "process start to controls and numbers", "works": "process start to a toggle that has worked",
        "figure": "process start to the first measured figure", "torch": "torch in the server's process",
    }  # fmt: skip
    limits = {"works": 3.0, "torch": 0.0}
    return [
        *(
            of_samples(names[part], [run[part] for run in times], "" if part == "torch" else "s",
                       limit=limits.get(part), at_most=True)
            for part in names
        ),
        of_samples("a Streamlit page of one toggle: process start to a toggle that has worked", bare, "s"),
    ]  # fmt: skip


def _bare_start(browser: Browser, folder: Path) -> float:
    begun = perf_counter()
    with serve(folder, "benchmarks/bare_page.py") as site, _opened(browser, site) as page:
        page.locator(".st-key-skip label").first.click()
        page.locator("[data-on=True]").wait_for()
        return perf_counter() - begun


def _start(browser: Browser, folder: Path) -> dict[str, float]:
    begun = perf_counter()
    with serve(folder) as site, _opened(browser, site) as page:
        acts.widget(page, "a", "skip").locator("label").first.wait_for()
        acts.number(page, "params", "a").wait_for()
        visible = perf_counter() - begun
        acts.choose_block(page, "a", 1)
        page.wait_for_function("() => document.querySelector('[data-slot=a].rx-changed')")
        works = perf_counter() - begun
        page.wait_for_function("() => window.rxMeasured('backward')", timeout=60_000)
        figure = perf_counter() - begun
        torch = float("libtorch" in Path(f"/proc/{site.pid}/maps").read_text())
    return {"visible": visible, "works": works, "figure": figure, "torch": torch}


def _clicks(browser: Browser, site: Site) -> list[Line]:
    """Both toggles of A by turns; a new seed before each click there, so that it cannot have been measured before."""
    # With bottleneck blocks in place of its basic ones it has 83 layers, and maps of four times the channels between.
    found: Clicks = {"ResNet-56 measured": [], "bottleneck measured": [], "measured before": []}
    with _opened(browser, site) as page:
        page.wait_for_function("() => window.rxMeasured('forward')", timeout=60_000)
        page.locator("summary").filter(has_text="Every layer").click()
        page.locator(".st-key-table .rx-ledger").wait_for()
        for number in range(WARM_UP + ROUNDS):
            for turn, (act, kind) in enumerate(((_skip, "ResNet-56 measured"), (_block, "bottleneck measured"))):
                _new_seed(page, 1 + 2 * number + turn)
                there, back = (_timed(page, act, place) for place in (1, 0))
                if number >= WARM_UP:
                    found[kind].append(there)
                    found["measured before"].append(back)
    return [line for kind, times in found.items() for part in PARTS for line in _quantiles(kind, part, times)]


def _skip(page: Page, _place: int) -> None:
    acts.flip_skip(page, "a")


def _block(page: Page, place: int) -> None:
    acts.choose_block(page, "a", place)


def _new_seed(page: Page, seed: int) -> None:
    ticket = page.evaluate("rxTicket()")
    acts.fill(page, "train", "seed", str(seed))
    page.wait_for_function("ticket => rxTicket() !== ticket && rxMeasured('forward')", arg=ticket)
    page.wait_for_timeout(150)


def _timed(page: Page, act: Callable[[Page, int], None], place: int) -> dict[str, float]:
    """One click, and how many milliseconds each part of the page took to show it."""
    page.evaluate("rxArm()")
    act(page, place)
    times: dict[str, float] = page.evaluate("rxResult")
    return times


def _quantiles(kind: str, part: str, times: list[dict[str, float]]) -> list[Line]:
    samples = sorted(one[part] for one in times)
    middle, high = PARTS[part]
    name = f"click to {part}, {kind}, {len(samples)} clicks"
    return [
        of_samples(f"{name}: p50", samples, "ms", limit=middle, at_most=True),
        Line(f"{name}: p95", samples[int(0.95 * len(samples))], "ms", high, at_most=True),
    ]


def _races(browser: Browser, site: Site, folder: Path) -> list[Line]:
    """The default race with its page open, and with nobody watching, by turns."""
    desk = Desk(root=folder / "bare")
    _bare(desk, 1)  # the fork server imports torch
    found: dict[str, list[float]] = {"watched": [], "bare": []}
    for number in range(PAIRS):
        for name in list(found)[:: 1 if number % 2 else -1]:
            found[name].append(_watched(browser, site) if name == "watched" else _bare(desk))
    desk.close()
    ratios = [seen / alone for seen, alone in zip(found["watched"], found["bare"], strict=True)]
    return [
        of_samples("training with the page open, each network", found["watched"], "images/s"),
        of_samples("training with nobody watching, each network", found["bare"], "images/s"),
        Line("watched over bare, median of the pairs' ratios", median(ratios), "", limit=0.92, samples=ratios),
    ]


def _watched(browser: Browser, site: Site) -> float:
    with _opened(browser, site, "/train") as page:
        acts.press(page, "go")
        acts.in_link(page, "run=")
        acts.wait_for_epochs(page, Experiment().train.epochs)
        acts.wait_for_end(page)
        ids = page.url.partition("run=")[2].partition("&")[0].split(".")
    return mean(_pace(run.tape) for run_id in ids if (run := read(site.runs, run_id)))


def _bare(desk: Desk, epochs: int = Experiment().train.epochs) -> float:
    experiment = Experiment()
    how = experiment.train.with_(epochs=epochs).model_dump(mode="json")
    specs = [network.spec.model_dump(mode="json") for network in (experiment.a, experiment.b)]
    jobs = [desk.submit("train", spec, how, keep=True) for spec in specs]
    for job in jobs:
        job.wait(600)
    return mean(_pace(job.tape) for job in jobs)


def _pace(tape: Tape) -> float:
    """Images a second over the whole training, tests included."""
    if tape.last is None:
        raise RuntimeError("a training without a step")
    return tape.last.step * Experiment().train.batch_size / tape.last.time_s
