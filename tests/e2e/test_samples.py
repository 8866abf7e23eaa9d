"""The test images with what the networks answer, in a browser: those of the step on show."""

from playwright.sync_api import Page

from tests.e2e import acts
from tests.e2e.conftest import Visit
from tests.e2e.races import start

HELD = ".rx-step:visible input"


def cells(page: Page) -> list[list[str]]:
    """What stands in the cells of each network's row."""
    found: list[list[str]] = page.eval_on_selector_all(
        ".rx-samples tbody tr", "rows => rows.map(row => [...row.cells].slice(1).map(cell => cell.textContent))"
    )
    return found


def answered(page: Page, test: int) -> list[list[str]]:
    """What those cells have to hold after this test, from what was told of each run; -1 is the last one."""
    found: list[list[str]] = page.evaluate(
        """test => [...window.rxRaces.values()].at(-1).all.map(run => {
          const [named, shares] = run.told.answers.at(test);
          const labels = [...document.querySelectorAll(".rx-samples thead th span")].map(label => label.textContent);
          return named.map((name, at) =>
            `${String(name) === labels[at] ? "✓" : "✗"} ${name} ${(100 * shares[at]).toFixed(0)}%`);
        })""",
        test,
    )
    return found


def hold(page: Page, step: int) -> None:
    """Move the slider."""
    page.locator(HELD).evaluate(
        "(slider, step) => { slider.value = step; slider.dispatchEvent(new Event('input', { bubbles: true })); }", step
    )


def test_the_answers_are_those_of_the_step_on_show(visit: Visit) -> None:
    page = visit("/train?a=cifar20&b=plain20&train.epochs=2")
    start(page)
    acts.wait_for_end(page)
    page.locator(".rx-samples small").first.wait_for()
    assert page.locator(".rx-samples canvas").count() == 12
    assert cells(page) == answered(page, -1)
    hold(page, 15)
    assert cells(page) == answered(page, 0) != answered(page, -1)
    hold(page, 10)
    assert cells(page) == [["–"] * 12] * 2
    hold(page, 22)
    page.evaluate(
        """() => {
          const race = [...window.rxRaces.values()].at(-1);
          race.all[0].told.answers.at(-1)[1].fill("NaN");
          race.tell();
        }"""
    )
    assert cells(page)[0] == ["NaN"] * 12
    assert page.locator(".rx-samples td[data-state=none]").count() == 12
