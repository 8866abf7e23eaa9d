"""What a visitor feels of a training, in a real browser: how soon it begins, shows, pauses and stops; what it teaches.

Times on the page run from the release of the mouse button to the changed DOM. How old a record is when it is drawn is
told by two clocks of one machine: the child's own time of each step, laid on the clock of the page so that the freshest
line of the record file is of age 0, which leaves out the pipe from child to server (a millisecond or two).
"""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep, time

import psutil
from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from benchmarks.report import Line, of_samples
from resnet_core.jobs.store import RECORDS
from resnet_core.jobs.stored import read
from tests.e2e import acts
from tests.e2e.site import BROWSER_ARGS, Site, find_browser, serve

TITLE = "A training as its visitor meets it"
SEEDS = 5
WITHIN_S = 20.0
PRESSES = 30
LOOK_MS = 3000
LONG = "/train?train.epochs=200"  # ResNet-56 and its plain twin, and no end in sight
TINY = "/train?a.stages=1,1,1&b.stages=1,1,1&a.width=4&b.width=4&train.batch_size=16&train.steps=20000"
EARLY, LATE = 5_000, 20_000  # steps
CLOCK = """
window.rxTimed = (selector, text, leaves) => new Promise(resolve => {
  let start = 0;
  const seen = () => start && document.querySelector(selector)?.textContent.startsWith(text) !== leaves;
  const observer = new MutationObserver(() => {
    if (!seen()) return;
    observer.disconnect();
    resolve(performance.now() - start);
  });
  observer.observe(document.body, {childList: true, subtree: true, characterData: true, attributes: true});
  document.addEventListener("pointerup", () => (start = performance.now()), {once: true, capture: true});
});
window.rxArm = (text, leaves) => { window.rxResult = window.rxTimed(".rx-state", text, leaves); };
window.rxRace = () => [...(window.rxRaces?.values() ?? [])].at(-1);
window.rxArrivals = [];
window.rxLog = () => { window.rxRace().follow(race => requestAnimationFrame(() => setTimeout(() => {
  const now = performance.timeOrigin + performance.now();
  for (const run of race.all) window.rxArrivals.push([run.id, run.told.count, now]);
}))); };
"""


def measure() -> list[Line]:
    """One browser; a server for the cold start, the steering and the long run, one for each page of the gap."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(BROWSER_ARGS))
        with serve(Path(place)) as site:
            lines = [*_begins(browser, site), *_shows(browser, site), *_steers(browser, site), *_gap(browser, site)]
            lines += _lasts(browser, site)
        browser.close()
    return lines


@contextmanager
def _opened(browser: Browser, site: Site, path: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-US")
    context.add_init_script(CLOCK)
    page = context.new_page()
    page.goto(site.url + path)
    acts.widget(page, "train", "go").wait_for()
    yield page
    context.close()


def _begin(page: Page) -> float:
    """Press Train; the seconds until every network has a step on the page."""
    begun = perf_counter()
    acts.press(page, "go")
    page.wait_for_function(
        "n => window.rxRace() && window.rxRace().all.length === n && window.rxRace().all.every(run => run.told.count)",
        arg=2, timeout=60_000,
    )  # fmt: skip
    return perf_counter() - begun


def _end(page: Page) -> None:
    acts.steer(page, "stop")
    acts.wait_for_end(page)


def _ids(page: Page) -> list[str]:
    return page.url.partition("run=")[2].partition("&")[0].split(".")


def _begins(browser: Browser, site: Site) -> list[Line]:
    """Cold: the server has just started, and Train is pressed as soon as it is there. Warm: every later time, when the
    visitor has looked at the page for a moment."""
    times: list[float] = []
    for _ in range(6):
        with _opened(browser, site, LONG) as page:
            if times:
                page.wait_for_timeout(LOOK_MS)
            times.append(_begin(page))
            _end(page)
    return [
        Line("press of Train to the first record of both, cold", times[0], "s", 5.0, at_most=True),
        of_samples("press of Train to the first record of both, warm", times[1:], "s", limit=1.0, at_most=True),
    ]


def _shows(browser: Browser, site: Site) -> list[Line]:
    """How old the newest record is when the browser has drawn it."""
    with _opened(browser, site, LONG) as page:
        sizes: list[float] = []
        page.on("websocket", lambda socket: _note_sizes(socket, sizes))
        _begin(page)
        ids = _ids(page)
        written: dict[str, list[tuple[int, float]]] = {run_id: [] for run_id in ids}
        over = threading.Event()
        watch = threading.Thread(target=_watch, args=(site, written, over))
        watch.start()
        page.evaluate("rxLog()")
        page.wait_for_timeout(15_000)
        arrivals: list[tuple[str, int, float]] = page.evaluate("rxArrivals")
        over.set()
        watch.join()
        _end(page)
    ages = []
    for run_id in ids:
        run = read(site.runs, run_id)
        if run is None:
            raise RuntimeError(f"the run {run_id} is gone")
        at = {record.step: record.time_s for record in run.records}
        begun = min(1000 * moment - 1000 * at[lines] for lines, moment in written[run_id] if lines in at)
        shown: dict[int, float] = {}
        for where, step, moment in arrivals:
            if where == run_id:
                shown.setdefault(step, moment)
        ages += [moment - begun - 1000 * at[step] for step, moment in shown.items() if step in at]
    updates = len({moment for _, _, moment in arrivals}) / 15
    ages.sort()
    return [
        of_samples("age of the newest record when it is drawn: p50", ages, "ms"),
        Line("age of the newest record when it is drawn: p95", ages[int(0.95 * len(ages))], "ms", 250, at_most=True),
        Line("updates of the figures", updates, "1/s", 5.0),
        of_samples("size of an update of both runs", sizes, "bytes"),
    ]


def _note_sizes(socket: WebSocket, sizes: list[float]) -> None:
    """Of what the route of the race sends; Streamlit has a socket of its own."""
    if "/live/" in socket.url:
        socket.on("framereceived", lambda told: sizes.append(len(told)))


def _watch(site: Site, written: dict[str, list[tuple[int, float]]], over: threading.Event) -> None:
    """When each line of the record files was seen first."""
    files = {run_id: (site.runs / run_id / RECORDS).open("rb") for run_id in written}
    counts = {run_id: sum(1 for _ in file) for run_id, file in files.items()}
    while not over.is_set():
        for run_id, file in files.items():
            if added := file.read().count(b"\n"):
                counts[run_id] += added
                written[run_id].append((counts[run_id], time()))
        sleep(0.002)
    for file in files.values():
        file.close()


def _steers(browser: Browser, site: Site) -> list[Line]:
    """Pause and go on, many times; stop, fewer, since each needs a training of its own."""
    pauses, goes, stops, ends = [], [], [], []
    with _opened(browser, site, LONG) as page:
        _begin(page)
        for _ in range(PRESSES):
            page.wait_for_timeout(300)
            pauses.append(_timed(page, "pause", "paused"))
            page.wait_for_timeout(100)
            goes.append(_timed(page, "pause", "training"))
        _end(page)
    for _ in range(PRESSES // 3):
        with _opened(browser, site, LONG) as page:
            _begin(page)
            page.wait_for_timeout(500)
            stops.append(_timed(page, "stop", "training", leaves=True))
            begun = perf_counter()
            page.wait_for_function("window.rxRace().state === 'ended'")
            ends.append(stops[-1] + 1000 * (perf_counter() - begun))
            acts.wait_for_end(page)
    return [
        line
        for name, times in (("pause", pauses), ("go on", goes), ("stop", stops), ("stop, until both have ended", ends))
        for line in (
            of_samples(f"click to {name}: p50", sorted(times), "ms"),
            Line(f"click to {name}: p95", sorted(times)[int(0.95 * len(times))], "ms",
                 200 if times is not ends else None, at_most=True),
        )
    ]  # fmt: skip


def _timed(page: Page, command: str, text: str, *, leaves: bool = False) -> float:
    """Milliseconds from the click until the player's state begins with the text, or does so no more."""
    page.evaluate("([text, leaves]) => rxArm(text, leaves)", [text, leaves])
    acts.steer(page, command)
    return float(page.evaluate("rxResult"))


def _gap(browser: Browser, site: Site) -> list[Line]:
    """The default race from five seeds: how far apart the two are 20 s after Train was pressed."""
    gaps = []
    for seed in range(SEEDS):
        with _opened(browser, site, f"/train?train.seed={seed}") as page:
            begun = perf_counter()
            acts.press(page, "go")
            page.wait_for_timeout(1000 * (WITHIN_S - (perf_counter() - begun)))
            shown = acts.accuracies(page)
            gaps.append(100 * (shown["a"] - shown["b"]))
            if page.locator('[data-do="stop"]').is_enabled():
                acts.steer(page, "stop")
            acts.wait_for_end(page)
    return [of_samples(f"ResNet-56 over plain-56 on digits {WITHIN_S:.0f} s after Train", gaps, "points", limit=40)]


def _lasts(browser: Browser, site: Site) -> list[Line]:
    """The memory of the server's process while a page follows two small trainings of 20,000 steps."""
    server = psutil.Process(site.pid)
    with _opened(browser, site, TINY) as page:
        _begin(page)
        at = {}
        for steps in (EARLY, LATE):
            page.wait_for_function(
                "n => window.rxRace().all.every(run => run.told.count >= n)", arg=steps, timeout=900_000, polling=500
            )
            at[steps] = server.memory_info().rss / 1e6
        acts.wait_for_end(page)
    return [
        Line(f"memory of the page's process at step {EARLY:,}", at[EARLY], "MB"),
        Line(f"memory at step {LATE:,} over that at step {EARLY:,}", at[LATE] / at[EARLY], "", 1.02, at_most=True),
    ]
