"""The link holds the experiment: pages, history, reload, another visitor, languages."""

import re
from urllib.parse import urljoin

from playwright.sync_api import Page, WebSocketRoute, expect

from resnet_core import preset
from tests.e2e import acts
from tests.e2e.conftest import Visit


def change_everything(page: Page) -> None:
    acts.flip_skip(page, "a")
    acts.in_link(page, "a=plain56")
    acts.choose_block(page, "b", 1)
    acts.in_link(page, "b=plain56", "b.block=bottleneck")
    acts.fill(page, "train", "seed", "3")
    acts.in_link(page, "seed=3", "lang=en")


def expect_everything(page: Page) -> None:
    acts.expect_numbers(page, "a", preset("plain56"))
    acts.expect_numbers(page, "b", preset("plain56").with_(block="bottleneck"))
    expect(acts.widget(page, "train", "seed").locator("input")).to_have_value("3")


def test_a_bare_address_stays_bare(page: Page) -> None:
    acts.expect_numbers(page, "a", preset("cifar56"))
    expect(page.locator(acts.STAGE)).to_be_visible()
    assert "?" not in page.url


def test_another_visitor_opens_the_same_experiment(page: Page, visit: Visit) -> None:
    change_everything(page)
    link = page.url.partition("/?")[2]
    other = visit(f"/?{link}")
    expect_everything(other)
    other.reload()
    expect_everything(other)
    assert other.url.endswith(link)


def test_the_experiment_survives_a_change_of_page(page: Page) -> None:
    change_everything(page)
    acts.go_to(page, "Train")
    acts.in_link(page, "/train?", "a=plain56", "b.block=bottleneck", "seed=3")
    expect(page.get_by_text("B · Plain-56 (CIFAR), bottleneck blocks")).to_be_visible()
    acts.fill(page, "train", "epochs", "2")
    acts.in_link(page, "train.epochs=2")
    page.reload()
    expect(acts.widget(page, "train", "epochs").locator("input")).to_have_value("2")
    acts.go_to(page, "Explore")
    acts.in_link(page, "a=plain56", "train.epochs=2")
    expect_everything(page)


def test_back_and_forward(page: Page) -> None:
    acts.flip_skip(page, "a")
    acts.expect_numbers(page, "a", preset("plain56"))
    acts.in_link(page, "a=plain56")
    acts.choose(page, "a", "preset", "cifar20")
    acts.in_link(page, "a=cifar20")
    acts.expect_numbers(page, "a", preset("cifar20"))
    page.go_back()
    acts.in_link(page, "a=plain56")
    acts.expect_numbers(page, "a", preset("plain56"))
    page.go_back()
    acts.expect_numbers(page, "a", preset("cifar56"))
    expect(acts.shortcuts(page, "a")).to_have_count(1)
    page.go_forward()
    acts.expect_numbers(page, "a", preset("plain56"))
    expect(acts.widget(page, "a", "skip").get_by_role("switch")).not_to_be_checked()
    page.go_forward()
    acts.expect_numbers(page, "a", preset("cifar20"))


def test_back_across_pages(page: Page) -> None:
    acts.flip_skip(page, "a")
    acts.in_link(page, "a=plain56")
    acts.go_to(page, "Train")
    acts.in_link(page, "/train?", "a=plain56")
    expect(acts.widget(page, "train", "go")).to_be_visible()
    for _ in range(2):  # the switch may have made one entry or two
        if "/train" in page.url:
            page.go_back()
            page.wait_for_timeout(500)
    acts.in_link(page, "/?a=plain56")
    acts.expect_numbers(page, "a", preset("plain56"))


def test_two_quick_clicks_are_two_changes(page: Page) -> None:
    acts.expect_numbers(page, "a", preset("cifar56"))
    expect(page.locator(acts.STAGE)).to_be_visible()
    acts.flip_skip(page, "a")
    acts.flip_skip(page, "b")
    acts.in_link(page, "a=plain56", "b=cifar56")
    expect(acts.shortcuts(page, "a")).to_have_count(0)
    expect(acts.shortcuts(page, "b")).to_have_count(1)


def test_a_click_that_does_not_know_the_last_answer_undoes_nothing(visit: Visit) -> None:
    """A slow network: the second click is sent, with all values on show, before the answer to the first is there."""
    page = visit("/train")
    held: list[str | bytes] = []
    browsers: list[WebSocketRoute] = []
    holding = False

    def connect(browser: WebSocketRoute) -> None:
        browsers.append(browser)
        server = browser.connect_to_server()
        browser.on_message(server.send)
        server.on_message(lambda message: held.append(message) if holding else browser.send(message))

    page.route_web_socket(re.compile("/_stcore/stream"), connect)
    page.goto(urljoin(page.url, "/"))
    acts.expect_numbers(page, "a", preset("cifar56"))
    expect(page.locator(acts.STAGE)).to_be_visible()
    holding = True
    acts.choose_block(page, "a", 1)
    page.wait_for_timeout(1500)  # the server has answered
    assert held
    acts.flip_skip(page, "b")
    page.wait_for_timeout(1500)
    holding = False
    for message in held:
        browsers[-1].send(message)
    acts.in_link(page, "a=cifar56", "a.block=bottleneck", "b=cifar56")
    expect(acts.widget(page, "a", "block").get_by_role("radio").nth(1)).to_be_checked()
    acts.expect_numbers(page, "a", preset("cifar56").with_(block="bottleneck"))
    acts.expect_numbers(page, "b", preset("cifar56"))


def test_the_language_is_the_browsers_and_can_be_switched(visit: Visit) -> None:
    page = visit(locale="ko-KR")
    expect(page.locator(".st-key-table")).not_to_contain_text("Every layer")
    switch = page.locator(".st-key-language-switch").get_by_role("radio")
    expect(switch.nth(1)).to_be_checked()
    switch.nth(0).click()
    expect(page.locator(".st-key-table")).to_contain_text("Every layer with its formula")
    acts.in_link(page, "lang=en")
    acts.go_to(page, "Train")
    expect(page.get_by_text("Press Train.")).to_be_visible()
    switch.nth(1).click()
    acts.in_link(page, "lang=ko")
    expect(page.get_by_text("Press Train.")).to_have_count(0)


def test_the_links_language_wins_over_the_browsers(visit: Visit) -> None:
    page = visit("/?lang=en", locale="ko-KR")
    expect(page.locator(".st-key-table")).to_contain_text("Every layer with its formula")
    other = visit("/train?lang=ko")
    expect(acts.widget(other, "train", "go")).to_be_visible()
    expect(acts.widget(other, "train", "go")).not_to_contain_text("Train")


def test_the_address_that_is_handed_on_opens_the_same_experiment(page: Page, visit: Visit) -> None:
    acts.flip_skip(page, "a")
    acts.in_link(page, "a=plain56")
    page.locator(".st-key-share button").first.click()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    expect(page.get_by_role("img", name="QR code of this page's address")).to_be_visible()
    handed = page.locator(".rx-address input").input_value()
    other = visit(f"/?{handed.partition('?')[2]}")
    acts.expect_numbers(other, "a", preset("plain56"))


def test_a_page_chosen_on_a_phone_closes_the_menu(visit: Visit) -> None:
    page = visit("/", viewport={"width": 390, "height": 844})
    page.get_by_test_id("stExpandSidebarButton").click()
    entries = page.get_by_test_id("stSidebarNavLink")
    entries.first.click(trial=True)  # fails where something lies above it
    entries.nth(1).click()
    expect(page).to_have_url(re.compile("/train"))
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
