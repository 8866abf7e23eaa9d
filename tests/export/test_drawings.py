"""A drawing as a file of its own needs nothing from a page."""

from xml.etree import ElementTree

import pytest

from app.figures.block import block_drawing
from app.figures.network import network_drawing
from app.figures.svg import standalone
from app.text.catalogue import words
from resnet_core import count, preset


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", ["cifar20", "resnet50", "plain20", "preact164"])
def test_a_file_of_its_own(name: str, language: str) -> None:
    ledger = count(preset(name))
    said = words(language)
    for drawn in (
        block_drawing(ledger.plan.ordinary_unit, "#0a7bc2", said),
        block_drawing(ledger.plan.changing_unit, "#0a7bc2", said),
        network_drawing(ledger, "#0a7bc2", said),
    ):
        text = standalone(drawn)
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert float(root.attrib["width"]) > 100
        assert float(root.attrib["height"]) > 100
        assert "Helvetica" in root.attrib["font-family"]
        assert "currentColor" not in text
        assert "inherit" not in text
