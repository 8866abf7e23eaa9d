"""The picture of all networks in a browser: a point is clicked, and its network goes to a slot."""

from playwright.sync_api import Page, expect

from resnet_core import preset
from tests.e2e import acts

POINT = """name => {
  const plot = document.querySelector(".st-key-landscape .js-plotly-plot");
  for (const trace of plot.data) {
    const at = trace.customdata.indexOf(name);
    if (at < 0) continue;
    const box = plot.getBoundingClientRect(), { xaxis, yaxis } = plot._fullLayout;
    return [box.x + xaxis._offset + xaxis.c2p(trace.x[at]), box.y + yaxis._offset + yaxis.c2p(trace.y[at])];
  }
}"""


def test_a_click_on_a_point_chooses_its_network_for_a_slot(page: Page) -> None:
    page.locator(".st-key-landscape summary").click()
    plot = page.locator(".st-key-landscape .js-plotly-plot")
    expect(plot).to_be_visible()
    plot.scroll_into_view_if_needed()
    page.mouse.click(*page.evaluate(POINT, "preact1001"))
    expect(page.locator(".st-key-landscape-chosen input")).to_have_value("Pre-activation ResNet-1001")
    page.locator(".st-key-landscape-put-b").get_by_role("button").click()
    acts.expect_numbers(page, "b", preset("preact1001"))
    acts.in_link(page, "b=preact1001")
    page.wait_for_function(
        """([name, selector]) => document.querySelector(selector).data
          .some(trace => trace.text?.[0] === "B" && trace.customdata[0] === name)""",
        arg=["preact1001", ".st-key-landscape .js-plotly-plot"],
    )
