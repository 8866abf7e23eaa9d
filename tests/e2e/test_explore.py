"""The Explore page in a browser: what a toggle changes, what is refused, and what a bad link says."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.slots import SLOTS, Slot
from resnet_core import ArchSpec, count, preset
from resnet_core.probe.gradients import gradient_flow
from tests.e2e import acts
from tests.e2e.conftest import Visit

CIFAR, PLAIN = preset("cifar56"), preset("plain56")
ORDERINGS = ("full pre-activation", "ReLU-only pre-activation", "BatchNorm after addition", "ReLU before addition")
# Fewer than 10^9 parameters, and more than 100 GB of saved activations.
HUGE = ArchSpec(stages=(400, 100, 1, 1, 1, 1), width=128)
GIANT = "a.block=bottleneck&a.stages=9,9,99&a.width=1024"  # 10 * 10^9 parameters


def norms(spec: ArchSpec, seed: int = 0) -> tuple[float, ...]:
    """The measurement, made here."""
    return gradient_flow(spec, seed=seed).rms


@pytest.mark.usefixtures("one_thread")
def test_the_first_look_shows_the_point(page: Page) -> None:
    acts.expect_numbers(page, "a", CIFAR)
    acts.expect_numbers(page, "b", PLAIN)
    expect(acts.shortcuts(page, "a")).to_have_count(1)
    expect(acts.shortcuts(page, "b")).to_have_count(0)
    acts.expect_gradients(page, {"a": norms(CIFAR), "b": norms(PLAIN)})
    expect(page.get_by_text("Measured here, untrained weights")).to_be_attached()
    below = page.eval_on_selector(f"{acts.STAGE} .rx-paper", "stage => stage.getBoundingClientRect().bottom")
    assert below <= 800, "the point is visible without scrolling at 1280x800"


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("slot", SLOTS)
def test_the_skip_switch(page: Page, slot: Slot) -> None:
    before, after = (CIFAR, PLAIN) if slot == "a" else (PLAIN, CIFAR)
    acts.expect_gradients(page, {"a": norms(CIFAR), "b": norms(PLAIN)})
    acts.flip_skip(page, slot)
    expect(page.locator(".rx-happened")).to_contain_text(
        f"{slot.upper()} · Skip connections: {'off' if slot == 'a' else 'on'} → parameters and multiply-adds stay the"
    )
    acts.expect_numbers(page, slot, after)
    expect(acts.shortcuts(page, slot)).to_have_count(0 if slot == "a" else 1)
    acts.expect_gradients(page, {"a": norms(after), "b": norms(after)})
    acts.flip_skip(page, slot)
    acts.expect_numbers(page, slot, before)
    expect(acts.shortcuts(page, slot)).to_have_count(1 if slot == "a" else 0)
    acts.expect_gradients(page, {"a": norms(CIFAR), "b": norms(PLAIN)})


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("slot", SLOTS)
def test_the_kind_of_block(page: Page, slot: Slot) -> None:
    first: dict[Slot, ArchSpec] = {"a": CIFAR, "b": PLAIN}
    changed = first[slot].with_(block="bottleneck")
    acts.choose_block(page, slot, 1)
    acts.expect_numbers(page, slot, changed)
    expect(acts.number(page, "params", slot)).to_have_class("rx-changed")
    expect(page.locator(f'[data-metric="params"][data-slot="{"b" if slot == "a" else "a"}"]')).not_to_have_class(
        "rx-changed"
    )
    expect(page.locator(f".st-key-block-{slot} svg")).to_contain_text("1×1, 64→16")
    wanted = {other: norms(changed if other == slot else first[other]) for other in SLOTS}
    acts.expect_gradients(page, wanted)
    acts.choose_block(page, slot, 0)
    acts.expect_numbers(page, slot, first[slot])


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("slot", SLOTS)
def test_the_order_of_activation(page: Page, slot: Slot) -> None:
    first: dict[Slot, ArchSpec] = {"a": CIFAR, "b": PLAIN}
    changed = first[slot].with_(ordering="full_preact")
    acts.choose(page, slot, "ordering", "full pre-activation")
    acts.in_link(page, f"{slot}.ordering=full_preact")
    acts.expect_numbers(page, slot, changed)
    drawn = page.locator(f".st-key-block-{slot} svg text")
    expect(drawn.nth(2)).to_have_text("BatchNorm")  # after the input and the block's name
    acts.expect_gradients(page, {other: norms(changed if other == slot else first[other]) for other in SLOTS})


def test_the_first_block_of_a_stage_is_drawn_in_the_same_place(visit: Visit) -> None:
    page = visit("/?a=resnet50&b=resnet50_v1")
    expect(page.locator(acts.STAGE)).to_be_visible()
    where = "keys => keys.map(key => document.querySelector(`.st-key-${key}`).getBoundingClientRect().top)"
    keys = ["block-a", "block-b", "stage", "table"]
    before = page.evaluate(where, keys)
    page.locator(f'{acts.STAGE} [data-block="b.4"] .rx-box').click()
    for slot, strided in (("a", "3×3, 128→128, /2"), ("b", "1×1, 256→128, /2")):
        expect(page.locator(f".st-key-block-{slot} svg text").filter(has_text=strided)).to_have_count(1)
    assert page.evaluate(where, keys[:3]) == before[:3], "what stands below has more rows or fewer"
    published = page.locator('[data-published="b"]')
    expect(published).to_have_text(re.compile("ImageNet top-1 error 22.85%"))
    acts.in_link(page, "block=4")
    acts.flip_skip(page, "b")
    expect(published).to_have_count(0)
    expect(page.locator(".rx-happened")).to_contain_text("B · Skip connections: off")
    assert page.evaluate(where, keys[:2]) == before[:2], "the line that is gone keeps its place"


@pytest.mark.usefixtures("one_thread")
def test_an_arc_is_cut_by_a_click_and_back_by_another(page: Page) -> None:
    acts.expect_gradients(page, {"a": norms(CIFAR), "b": norms(PLAIN)})
    acts.arc(page, "a", 14).click()
    expect(page.locator(f'{acts.STAGE} [data-block="a.14"]')).to_have_class(re.compile("rx-arc-cut"))
    acts.in_link(page, "a.cut=14")
    acts.expect_gradients(page, {"a": norms(CIFAR.with_(cut="14")), "b": norms(PLAIN)})
    expect(page.locator(".rx-readings")).to_contain_text("A: ")
    acts.arc(page, "a", 14).click()
    expect(page.locator(f'{acts.STAGE} [data-block="a.14"]')).to_have_class(re.compile("rx-arc-identity"))
    acts.expect_gradients(page, {"a": norms(CIFAR), "b": norms(PLAIN)})


@pytest.mark.usefixtures("one_thread")
def test_a_drag_cuts_many_and_an_arc_on_the_plain_network_brings_one_back(page: Page) -> None:
    acts.expect_gradients(page, {"a": norms(CIFAR), "b": norms(PLAIN)})
    first, last = (acts.arc(page, "a", block).bounding_box() for block in (3, 8))
    assert first
    assert last
    page.mouse.move(first["x"] + 9, first["y"] + 9)
    page.mouse.down()
    page.mouse.move(last["x"] + 9, last["y"] + 9, steps=12)
    page.mouse.up()
    acts.in_link(page, "a.cut=3,4,5,6,7,8")
    acts.expect_gradients(page, {"a": norms(CIFAR.with_(cut="3-8"))})
    acts.arc(page, "b", 5).click()
    others = ",".join(str(block) for block in range(1, 28) if block != 5)
    acts.in_link(page, f"b.cut={others}")
    acts.expect_gradients(page, {"b": norms(CIFAR.with_(cut=others))})


def test_the_stage_by_keyboard(page: Page) -> None:
    expect(page.locator(acts.STAGE)).to_be_visible()
    page.locator(f'{acts.STAGE} .rx-network[data-slot="a"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(f"{acts.STAGE} .rx-active")).to_have_attribute("data-block", "a.4")
    expect(page.locator(f"{acts.STAGE} [aria-live]").first).to_contain_text("Block 4 of 27")
    page.keyboard.press("Space")
    acts.in_link(page, "a.cut=4")
    page.keyboard.press("Enter")
    acts.in_link(page, "block=4")
    expect(page.get_by_role("heading", name="Block 4")).to_be_visible()
    expect(page.locator(f"{acts.STAGE} .rx-active")).to_have_attribute("data-block", "a.4")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"{acts.STAGE} .rx-active")).to_have_attribute("data-block", "b.4")


def test_every_order_is_drawn_differently(page: Page) -> None:
    seen = [page.locator(".st-key-block-a svg").get_attribute("aria-label")]
    for name in ORDERINGS:
        acts.choose(page, "a", "ordering", name)
        expect(page.locator(".rx-happened")).to_contain_text(name)
        expect(page.locator(".st-key-block-a svg")).not_to_have_attribute("aria-label", seen[-1] or "")
        seen.append(page.locator(".st-key-block-a svg").get_attribute("aria-label"))
    assert len(set(seen)) == 1 + len(ORDERINGS)


@pytest.mark.parametrize("name", ["resnet50", "cifar110"])
def test_presets(page: Page, name: str) -> None:
    acts.choose(page, "a", "preset", name)
    acts.expect_numbers(page, "a", preset(name))
    acts.in_link(page, f"a={name}")


def test_a_keyboard_reaches_the_list_of_networks_and_comes_back(page: Page) -> None:
    opener = acts.widget(page, "a", "preset").get_by_role("button").first
    expect(opener).to_have_text(re.compile("^Network A: ResNet-56 \\(CIFAR\\)"))
    opener.focus()
    page.keyboard.press("Enter")
    first = page.locator(".st-key-a-preset-cifar20").get_by_role("button")
    expect(first).to_be_visible()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    acts.expect_numbers(page, "a", preset("cifar20"))
    expect(first).to_have_count(0)
    expect(opener).to_be_focused()


def test_the_folded_fields_and_what_they_refuse(page: Page) -> None:
    acts.unfold(page, "a")
    acts.fill(page, "a", "stages", "110")
    acts.expect_numbers(page, "a", preset("cifar110"))
    expect(acts.widget(page, "a", "stages").locator("input")).to_have_value("18,18,18")

    acts.fill(page, "a", "stages", "21")
    said = page.get_by_role("alert").filter(has_text="6n+2 layers: 20, 56, 110, ...; 21 lies between 20 and 26")
    expect(said).to_be_visible()
    expect(acts.widget(page, "a", "stages").locator("input")).to_have_value("21")
    acts.expect_numbers(page, "a", preset("cifar110"))
    beside = acts.widget(page, "a", "stages").bounding_box()
    message = said.bounding_box()
    assert beside
    assert message
    assert 0 <= message["y"] - beside["y"] - beside["height"] < 40, "the sentence stands right below its field"

    acts.fill(page, "a", "stages", "3,3,3")
    expect(said).to_have_count(0)
    acts.expect_numbers(page, "a", preset("cifar20"))
    acts.fill(page, "a", "width", "32")
    wide = preset("cifar20").with_(width=32)
    acts.expect_numbers(page, "a", wide)

    acts.fill(page, "a", "image_size", "320x")
    expect(page.get_by_role("alert").filter(has_text="such as 320x240; got 320x.")).to_be_visible()
    acts.expect_numbers(page, "a", wide)
    expect(acts.widget(page, "a", "image_size").locator("input")).to_have_value("320x")  # to be mended where it stands
    acts.fill(page, "a", "image_size", "32x24")
    acts.expect_numbers(page, "a", wide.with_(image_size="32x24"))


def test_a_number_out_of_bounds_is_answered_by_the_specification(page: Page) -> None:
    """Not by a bubble of the browser, which knows the bounds and nothing else."""
    acts.fill(page, "train", "seed", "-1")
    expect(
        page.get_by_role("alert").filter(has_text="seed is a whole number from 0 to 2147483647; got -1")
    ).to_be_visible()
    expect(acts.widget(page, "train", "seed").locator("input")).to_have_value("0")
    acts.fill(page, "train", "seed", "3")
    expect(page.get_by_role("alert")).to_have_count(0)
    acts.in_link(page, "seed=3")


def test_the_table_of_layers(page: Page) -> None:
    page.get_by_text("Every layer with its formula").click()
    ledger = count(CIFAR)
    total = page.locator('.rx-ledger [data-level="network"]')
    expect(total).to_contain_text(f"{ledger.params:,}")
    expect(total).to_contain_text(f"{ledger.macs:,}")
    page.locator(".rx-ledger summary").filter(has_text="layer2").first.click()
    page.locator(".rx-ledger summary").filter(has_text="layer2.1 … layer2.8").click()
    expect(page.locator(".rx-operation").filter(has_text="3*3*32*32 = 9,216").last).to_be_visible()
    page.locator(".st-key-table-unit").get_by_text("FLOPs").click()
    expect(page.get_by_text(f"{2 * ledger.macs:,} FLOPs")).to_be_visible()
    # What was open stays open when the numbers in it change.
    expect(page.locator(".rx-operation").filter(has_text="3*3*32*32 = 9,216").last).to_be_visible()

    page.locator(".st-key-table-flat label").click()
    told = f"They add up to {ledger.params:,} parameters, {ledger.macs:,} multiply-adds"
    expect(page.get_by_text(told)).to_be_visible()
    # The grid is a canvas; the table inside it is what a screen reader finds.
    grid = page.locator(".st-key-table canvas table")
    expect(grid).to_contain_text(f"3*3*3*16 = {ledger.rows[0].params:,}")


def test_the_bottleneck_arithmetic(page: Page) -> None:
    def shown(what: str) -> list[str]:
        return page.locator(f".rx-designs [data-{what}]").all_inner_texts()

    expect(page.locator(".rx-designs")).to_be_visible()
    assert shown("shorthand")[:2] == ["1,152", "896"]
    assert shown("weights") == ["73,728", "69,632", "1,179,648"]
    slider = page.locator(".st-key-bottleneck-narrow").get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")  # 72 channels
    expect(page.locator(".rx-designs [data-weights]").first).to_have_text(f"{2 * 9 * 72 * 72:,}")
    assert shown("shorthand")[:2] == [f"{2 * 9 * 72:,}", f"{72 + 9 * 72 + 256:,}"]
    assert shown("weights")[1] == f"{256 * 72 + 9 * 72 * 72 + 72 * 256:,}"


def test_the_counting_tools_answer_on_demand(page: Page) -> None:
    page.locator(".st-key-tools-ask0").get_by_role("button").click()
    for tool in ("fvcore", "torchinfo", "torch"):
        own = page.locator("summary p").filter(has_text=re.compile(rf"^{tool} \d\S*: its own table$"))
        expect(own).to_be_visible(timeout=60_000)
    expect(page.get_by_text(f"The formula: {count(CIFAR).macs:,} multiply-adds")).to_be_visible()
    expect(page.locator("[data-remainder]")).to_have_text(["0", "0", "0"])
    page.locator("summary").filter(has_text="fvcore ").click()
    expect(page.get_by_test_id("stCode").first).to_contain_text("layer1")


def test_what_does_not_fit_in_memory_is_refused_with_its_estimate(visit: Visit) -> None:
    page = visit("/?a=cifar20&a.stages=400,100,1,1,1,1&a.width=128&b=cifar20")
    acts.expect_numbers(page, "a", HUGE)
    expect(page.get_by_role("alert").filter(has_text="This network would take about")).to_contain_text("GB are free")
    acts.choose(page, "a", "preset", "cifar20")
    acts.expect_numbers(page, "a", preset("cifar20"))
    expect(page.locator(acts.STAGE)).to_be_visible()


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ("a=resnet99", "There is no preset resnet99"),
        ("b.width=99999", "width is a whole number from 1 to 1024; got 99999"),
        ("b.colour=red", "There is no field colour"),
        ("network=cifar20", "The link's part network is not known here"),
        ("seed=abc", "seed is a whole number"),
        ("train.epochs=0", "epochs is a whole number from 1 to 200; got 0"),
        (GIANT, "the explorer takes up to 1,000,000,000"),
        ("lang=xx", "The link asks for the language xx"),
        ("run=../../etc", "The link names the run ../../etc, which cannot be one"),
        ("a.stages=21", "21 lies between 20 and 26"),
        ("a.skip=%00%ff%22%3Cscript%3E", "Skip connections is true or false"),
    ],
)
def test_a_bad_link_names_what_was_ignored(visit: Visit, link: str, named: str) -> None:
    page = visit(f"/?{link}")
    expect(page.get_by_role("alert").filter(has_text=named)).to_be_visible()
    acts.expect_numbers(page, "a", CIFAR)
    acts.expect_numbers(page, "b", PLAIN)
    acts.flip_skip(page, "a")
    acts.expect_numbers(page, "a", PLAIN)
    expect(page.get_by_role("alert")).to_have_count(0)
