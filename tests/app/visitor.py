"""A visitor of the pages as scripts, without a browser: what is opened, clicked and read there."""

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

from app.slots import Slot
from resnet_core import ArchSpec, count

MAIN = Path(__file__).parents[2] / "app" / "main.py"
PATIENCE_S = 90  # the first measurement waits for the import of torch


def open_page(page: str = "explore", /, locale: str = "en-US", **parameters: str) -> AppTest:
    """A new visitor's first look; ``b_width`` stands for the link's ``b.width``."""
    visitor = AppTest.from_file(MAIN, default_timeout=PATIENCE_S)
    visitor.context = {"locale": locale}
    visitor.run()
    if page != "explore":
        turn_to(visitor, page)
    if parameters:
        visitor = AppTest.from_file(MAIN, default_timeout=PATIENCE_S)
        visitor.context = {"locale": locale}
        for name, value in parameters.items():
            visitor.query_params[name.replace("_", ".", 1)] = value
        visitor.run()
        if page != "explore":
            turn_to(visitor, page)
    calm(visitor)
    return visitor


def turn_to(visitor: AppTest, page: str) -> None:
    """Follow the navigation. AppTest.switch_page knows files only, and these pages are functions."""
    known = visitor._registered_pages.items()
    path = "" if page == "explore" else page  # the default page
    visitor._page_hash = next(key for key, info in known if info["url_pathname"] == path)
    visitor.run()


def calm(visitor: AppTest) -> None:
    assert not visitor.exception, [box.value for box in visitor.exception]


def markup(visitor: AppTest) -> str:
    """All that the page says in HTML of its own."""
    return "\n".join(element.proto.body for element in visitor.get("html"))


def shown(visitor: AppTest, slot: Slot) -> dict[str, int]:
    """The numbers of the strip."""
    found = re.findall(r'data-metric="(\w+)" data-slot="(\w)" data-value="(\d+)"', markup(visitor))
    return {metric: int(value) for metric, place, value in found if place == slot}


def expected(spec: ArchSpec) -> dict[str, int]:
    ledger = count(spec)
    return {"params": ledger.params, "macs": ledger.macs, "saved": ledger.saved_bytes, "depth": ledger.depth}


def of_link(visitor: AppTest) -> dict[str, str]:
    """The link as it stands in the address."""
    return {name: value[0] if isinstance(value, list) else value for name, value in visitor.query_params.items()}


def unfolded(visitor: AppTest, key: str) -> AppTest:
    """Open a folded part; AppTest has no click for that."""
    visitor.session_state[key] = True
    visitor.run()
    calm(visitor)
    return visitor
