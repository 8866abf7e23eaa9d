"""What a visitor does with a race, and what the page and the run's folder hold of it."""

from playwright.sync_api import Page

from resnet_core.jobs.stored import read
from tests.e2e import acts
from tests.e2e.site import Site

QUICK = "/train?a=cifar20&b=plain20&train.epochs=100"  # small steps, and far from its end while a test looks at it
CURVES = ".st-key-curves .js-plotly-plot"


def start(page: Page) -> None:
    """Press Train, and wait until the page follows the race: before, nothing on it knows that one is going on."""
    acts.press(page, "go")
    acts.in_link(page, "run=")
    page.wait_for_function(
        """() => [...(window.rxRaces?.values() ?? [])].some(race => race.told
             && location.href.includes(race.address.split("/").at(-1)))"""
    )


def steps(page: Page) -> list[int]:
    """The steps that the page holds of each run."""
    counts: list[int] = page.evaluate("[...window.rxRaces.values()].at(-1).all.map(run => run.told.count)")
    return counts


def drawn(page: Page) -> list[int]:
    """The losses that the curves hold, for A and for B: drawn in full when the race has ended."""
    counts: list[int] = page.eval_on_selector(CURVES, "plot => [plot.data[3].y.length, plot.data[8].y.length]")
    return counts


def ids(page: Page) -> list[str]:
    """The runs on show."""
    return page.url.partition("run=")[2].partition("&")[0].split(".")


def recorded(site: Site, run_id: str) -> list[float]:
    """The losses in a run's folder."""
    run = read(site.runs, run_id)
    assert run is not None
    return [record.loss for record in run.records]


def stop(page: Page) -> None:
    acts.steer(page, "stop")
    acts.wait_for_end(page)
