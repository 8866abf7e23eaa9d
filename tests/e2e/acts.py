"""What a visitor does on a page, and what they read there. Widgets are found by their field, in any language."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from app.figures.palette import SHORTCUT
from app.slots import SLOTS, Slot
from resnet_core import ArchSpec, count

STAGE = ".st-key-stage .rx-stage"
RACE_MS = 240_000  # the default race, on a machine that has other things to do


def widget(page: Page, owner: str, field: str) -> Locator:
    """The widget of a field; ``owner`` is a slot or ``train``."""
    name = f"st-key-{owner}-{field}"
    return page.locator(f".{name}, [class*='{name}-v']")  # the latter once something else has changed its value


def flip_skip(page: Page, slot: Slot) -> None:
    """Click on the switch of the skip connections."""
    widget(page, slot, "skip").locator("label").first.click(position={"x": 12, "y": 12})


def choose_block(page: Page, slot: Slot, place: int) -> None:
    """Click on a kind of block: 0 basic, 1 bottleneck."""
    widget(page, slot, "block").get_by_role("radio").nth(place).click()


def choose(page: Page, owner: str, field: str, option: str) -> None:
    """Take an option of a select box, or a preset, by its key, of the list that a button opens."""
    if field == "preset":
        widget(page, owner, field).get_by_role("button").first.click()
        page.locator(f".st-key-{owner}-preset-{option}").get_by_role("button").click()
        return
    box = widget(page, owner, field).get_by_role("combobox")
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()


def fill(page: Page, owner: str, field: str, text: str) -> None:
    """Type into a field and press Enter."""
    place = widget(page, owner, field).locator("input")
    place.fill(text)
    place.press("Enter")


def unfold(page: Page, slot: Slot) -> None:
    """Open "Depth, width ..."."""
    widget(page, slot, "more").get_by_role("button").first.click()
    expect(widget(page, slot, "stages").locator("input")).to_be_visible()


def number(page: Page, metric: str, slot: Slot) -> Locator:
    """One number of the strip."""
    return page.locator(f'[data-metric="{metric}"][data-slot="{slot}"]')


def expect_numbers(page: Page, slot: Slot, spec: ArchSpec) -> None:
    """The strip shows what the ledger says of this network."""
    ledger = count(spec)
    wanted = {"params": ledger.params, "macs": ledger.macs, "saved": ledger.saved_bytes, "depth": ledger.depth}
    for metric, value in wanted.items():
        expect(number(page, metric, slot)).to_have_attribute("data-value", str(value))


def shortcuts(page: Page, slot: Slot) -> Locator:
    """The shortcut's line in the drawn block: none where there is none."""
    return page.locator(f'.st-key-block-{slot} path[stroke="{SHORTCUT}"]')


def measured(page: Page, kind: str) -> dict[str, list[float]]:
    """What the stage shows of each network, ``forward`` or ``backward``; a network whose curve is old is left out."""
    found: dict[str, list[float]] = page.eval_on_selector(
        STAGE,
        """({rxStage: {answers, data}}, kind) => Object.fromEntries(data.networks
           .filter(({slot}) => !answers.old(slot, kind)).map(({slot}) => [slot, answers.of(slot)[kind].values]))""",
        kind,
    )
    return found


def expect_gradients(page: Page, wanted: Mapping[Slot, Sequence[float]]) -> None:
    """The stage comes to show these, to seven digits."""
    page.wait_for_function(
        """([selector, wanted]) => {
          const answers = document.querySelector(selector)?.rxStage?.answers;
          return answers && Object.entries(wanted).every(([slot, line]) => {
            const values = answers.of(slot).backward?.values;
            return values?.length === line.length && line.every((value, j) => Math.abs(values[j] / value - 1) < 1e-6);
          });
        }""",
        arg=[STAGE, {slot: list(values) for slot, values in wanted.items()}],
    )
    shown = measured(page, "backward")
    for slot, line in wanted.items():
        assert shown[slot] == pytest.approx(list(line), rel=1e-6)


def arc(page: Page, slot: Slot, block: int) -> Locator:
    """Where a hand cuts the shortcut of a block."""
    return page.locator(f'{STAGE} [data-arc="{slot}.{block}"]')


def go_to(page: Page, name: str) -> None:
    """Follow the navigation at the top."""
    page.get_by_test_id("stTopNavLinkContainer").get_by_role("link", name=name).click()


def in_link(page: Page, *parts: str) -> None:
    """Wait until the address holds all of these."""
    page.wait_for_function("parts => parts.every(part => decodeURIComponent(location.href).includes(part))", arg=parts)


def press(page: Page, which: str) -> None:
    """Press a button of the page: ``go``, ``again`` or ``resume``."""
    widget(page, "train", which).get_by_role("button").click()


def steer(page: Page, command: str) -> None:
    """Press a button of the player: ``pause``, ``step`` or ``stop``."""
    page.locator(f'[data-do="{command}"]').click()


def state(page: Page, beginning: str) -> None:
    """Wait until the player says this."""
    page.wait_for_function(
        "text => document.querySelector('.rx-state')?.textContent.startsWith(text)", arg=beginning, timeout=30_000
    )


def accuracies(page: Page) -> dict[str, float]:
    """The test accuracies on the Train page; a network without one is left out."""
    shown: dict[str, Any] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("[data-accuracy]")]
           .filter(place => place.dataset.value).map(place => [place.dataset.accuracy, +place.dataset.value]))"""
    )
    return shown


def wait_for_epochs(page: Page, epochs: int = 1, slots: Sequence[Slot] = SLOTS) -> None:
    """Wait until these networks have been tested so many times."""
    page.wait_for_function(
        """([epochs, places]) => {
          const shown = race => location.href.includes(race.address.split("/").at(-1));
          const races = [...(window.rxRaces?.values() ?? [])].filter(shown);
          const runs = races.at(-1)?.all ?? [];
          return places.every(place => (runs[place]?.told.tests.length ?? 0) >= epochs);
        }""",
        arg=[epochs, [SLOTS.index(slot) for slot in slots]],
        timeout=RACE_MS,
    )


def wait_for_end(page: Page) -> None:
    """Wait until nothing runs any more: Train can be pressed again."""
    expect(widget(page, "train", "go").get_by_role("button")).to_be_enabled(timeout=RACE_MS)
