"""The address that is handed on, and its QR code."""

import xml.etree.ElementTree as ET

import pytest

from app import link
from app.link import Experiment
from app.views.share import address_of, qr_code
from tests.app.visitor import open_page, unfolded

SVG = "{http://www.w3.org/2000/svg}"


def test_the_address_holds_the_experiment_and_no_older_one() -> None:
    url = address_of("https://example.org/train?seed=9#top", {"a": "cifar20", "a.stages": "3,3,3"})
    assert url == "https://example.org/train?a=cifar20&a.stages=3,3,3"


def test_a_bare_host_gets_a_path() -> None:
    assert address_of("http://192.0.2.1:8501", {"seed": "0"}) == "http://192.0.2.1:8501/?seed=0"


def test_the_code_is_named_and_has_a_quiet_zone_on_white() -> None:
    picture = ET.fromstring(qr_code(address_of("https://example.org/", link.write(Experiment())), "a name"))
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title") == "a name"
    grounds = [path.get("fill") for path in picture.iter(f"{SVG}path")]
    assert "#fff" in grounds, "a reader wants dark on light, whatever the theme"


def test_an_address_that_no_code_can_hold_has_none() -> None:
    assert qr_code("https://example.org/?" + "x" * 2900, "a name")
    assert qr_code("https://example.org/?" + "x" * 3000, "a name") == ""


@pytest.mark.usefixtures("pages_desk")
def test_nothing_is_made_until_it_is_opened() -> None:
    visitor = open_page(seed="3")
    told = "This address holds all that you have set: networks, recipe, and the run on show."
    assert told not in [item.value for item in visitor.caption]
    assert told in [item.value for item in unfolded(visitor, "share").caption]
