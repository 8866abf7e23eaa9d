"""How the pages look: screenshots to be looked at, nothing cut off, nothing that axe calls serious."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e import acts
from tests.e2e.conftest import Visit
from tests.e2e.site import ROOT, Site
from tests.jobs.kept import keep

SHOTS = ROOT / "screenshots"
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
# Streamlit's own widgets, which this project cannot mend: the text of a segmented control's chosen part on its ground.
NOT_OURS = {"color-contrast": 'data-variant="segmented_control"'}


@pytest.fixture(scope="module")
def race(browser: Browser, site: Site) -> Iterator[str]:
    """The link of a finished race."""
    page = browser.new_page()
    page.goto(f"{site.url}/train?train.epochs=2&lang=en")
    acts.press(page, "go")
    acts.in_link(page, "run=")
    acts.wait_for_end(page)
    yield page.url.partition("?")[2].replace("&lang=en", "")
    page.close()


@pytest.fixture(scope="module")
def kept(site: Site) -> str:
    """A run of a long name, beside that of the race."""
    return keep(site.runs, label="resnet50, skip=false, stages=3,4,23,3", steps=11, accuracy=0.5)


def settle_runs(page: Page) -> None:
    """Until the list is drawn: its cells are a canvas, with a table for screen readers."""
    page.wait_for_function("() => document.querySelectorAll('[data-testid=stDataFrame] canvas').length > 0")
    settle(page, 0)


def settle_stage(page: Page) -> None:
    """Until all is measured that the stage shows."""
    page.wait_for_function("() => document.querySelector('.rx-stage')?.dataset.measured", timeout=60_000)
    settle(page, 0)


def settle(page: Page, figures: int) -> None:
    """Until every figure is drawn and no number is lit up any more."""
    page.wait_for_function(
        "n => document.querySelectorAll('.js-plotly-plot .main-svg').length >= n", arg=figures, timeout=60_000
    )
    page.wait_for_function("() => !document.querySelector('[data-stale=\"true\"]')")
    page.wait_for_timeout(300)


def shoot(page: Page, name: str) -> None:
    """The first screen, and the whole page: Streamlit scrolls inside, so the window is made as long as the page."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
    size = page.viewport_size
    assert size
    length = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(6000, length + 80)})
    page.wait_for_timeout(400)
    page.screenshot(path=SHOTS / f"{name}-whole.png")
    page.set_viewport_size(size)


def sideways(page: Page) -> list[str]:
    """What stands out of the window to the right, unless a place of its own scrolls it."""
    found: list[str] = page.evaluate(
        """() => {
          const whole = ["stMain", "stApp"];
          const scrolls = element => {
            for (let e = element; e && e.tagName !== "BODY"; e = e.parentElement)
              if (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX) && !whole.includes(e.dataset.testid)
                && e.getBoundingClientRect().right <= innerWidth) return true;
            return false;
          };
          const main = document.querySelector('[data-testid="stMain"]');
          const wide = document.documentElement.scrollWidth > innerWidth || main.scrollWidth > main.clientWidth;
          return wide ? [...main.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
            && !scrolls(e)).map(e => e.outerHTML.slice(0, 160)).concat("the page scrolls sideways") : [];
        }"""
    )
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_screens(visit: Visit, race: str, language: str, size: str, theme: str) -> None:
    options = {"viewport": SIZES[size], "color_scheme": theme, "locale": "ko-KR" if language == "ko" else "en-US"}
    page = visit("/", **options)
    settle_stage(page)
    assert sideways(page) == []
    shoot(page, f"explore-{language}-{size}-{theme}")
    page = visit(f"/train?{race}&lang={language}", **options)
    settle(page, 3)
    assert sideways(page) == []
    shoot(page, f"train-{language}-{size}-{theme}")
    page = visit(f"/runs?lang={language}", **options)
    settle_runs(page)
    assert sideways(page) == []
    shoot(page, f"runs-{language}-{size}-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/train", "/runs"])
@pytest.mark.usefixtures("kept")
def test_nothing_that_axe_calls_serious(visit: Visit, race: str, path: str, theme: str) -> None:
    page = visit(path + (f"?{race}" if path == "/train" else ""), color_scheme=theme)
    if path == "/runs":
        settle_runs(page)
    elif path == "/train":
        settle(page, 1)
    else:
        settle_stage(page)
        acts.unfold(page, "a")
        page.keyboard.press("Escape")
        page.locator("summary").filter(has_text="Every layer").click()
        expect(page.locator(".rx-ledger")).to_be_visible()
    serious = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:160]}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not (violation["id"] in NOT_OURS and NOT_OURS[violation["id"]] in page.evaluate(
            "target => document.querySelector(target)?.closest('button')?.outerHTML ?? ''", node["target"][0]))
    ]  # fmt: skip
    assert serious == [], "\n".join(serious)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "a=resnet152&b=resnext101_32x8d",
        "a=preact1001&b=cifar1202",
        "a=resnet18&a.projection=C&b=cifar56&b.ordering=relu_only_preact&b.block=bottleneck&b.stages=1,1,1",
        "a=resnet50&a.width=1024&a.groups=128&a.stages=1,1,1,1,1,1&a.image_size=1024&b.width=1024&b.num_classes=100000",
    ],
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_text_of_a_drawing_is_cut_off(visit: Visit, link: str, language: str) -> None:
    page = visit(f"/?{link}&lang={language}")
    expect(page.locator(".rx-drawing svg")).to_have_count(5)  # three ways, two blocks
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".rx-drawing svg")].flatMap(svg => {
          const view = svg.viewBox.baseVal;
          return [...svg.querySelectorAll("text")].flatMap(text => {
            const turn = text.getAttribute("transform"), box = text.getBBox();
            const [w, h] = turn ? [box.height, box.width] : [box.width, box.height];
            const x = box.x + box.width / 2, y = box.y + box.height / 2;
            const out = x - w / 2 < -0.5 || x + w / 2 > view.width + 0.5 || y - h / 2 < -0.5
              || y + h / 2 > view.height + 0.5;
            const own = text.previousElementSibling;
            const tight = own?.tagName === "rect" && Math.abs(own.getBBox().y + own.getBBox().height / 2 - y) < 4
              && w > own.getBBox().width + 0.5;
            return out || tight ? [`${out ? "outside the drawing" : "wider than its box"}: ${text.textContent}`] : [];
          });
        })"""
    )
    assert cut == []


def test_the_screenshots_are_not_committed() -> None:
    assert f"{SHOTS.name}/" in Path(ROOT, ".gitignore").read_text().splitlines()
