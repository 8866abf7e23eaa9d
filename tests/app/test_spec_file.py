"""A specification comes back to the page, as a file and as text, and what holds none is refused under its place."""

import pytest

from resnet_core import preset
from resnet_core.spec_file import spec_json
from tests.app.visitor import calm, expected, of_link, open_page, shown, unfolded

pytestmark = pytest.mark.usefixtures("pages_desk")


def test_a_specification_comes_back_as_a_file_and_as_text() -> None:
    spec = preset("resnet50").with_(groups=32, image_size="224x160")
    visitor = unfolded(open_page(), "b.more")
    content = spec_json(spec).encode()
    visitor.file_uploader(key="b.file.0").set_value(("mine.json", content, "application/json")).run()
    calm(visitor)
    assert shown(visitor, "b") == expected(spec)
    assert shown(visitor, "a") == expected(preset("cifar56"))
    wanted = {"b": "resnet50", "b.groups": "32", "b.image_size": "224x160"}
    assert of_link(visitor).items() >= wanted.items()
    (skip,) = (toggle for toggle in visitor.toggle if str(toggle.key).startswith("b.skip"))
    skip.set_value(False).run()
    assert shown(visitor, "b") == expected(spec.with_(skip=False)), "the file does not come back by itself"
    visitor.text_area(key="b.file.1.text").set_value('{"width": 8}').run()
    calm(visitor)
    assert shown(visitor, "b") == expected(preset("cifar56").with_(width=8))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[" * 500, "This is not JSON"),
        (b'{"colour": 1}', "There is no field colour"),
        (b'{"width": 1024, "stages": [400, 400, 400]}', "the explorer takes up to 1,000,000,000"),
        (b"x" * 70_000, "larger than 64 kB"),
    ],
)
def test_a_file_that_holds_no_network_is_refused_under_its_place(content: bytes, sentence: str) -> None:
    visitor = unfolded(open_page(), "a.more")
    visitor.file_uploader(key="a.file.0").set_value(("any.json", content, "application/json")).run()
    calm(visitor)
    assert [sentence in box.value for box in visitor.error] == [True]
    assert shown(visitor, "a") == expected(preset("cifar56"))


def test_the_card_of_a_third_network_takes_one_too() -> None:
    visitor = open_page("train", c="preact110")
    visitor.session_state["train.networks"] = True
    visitor = unfolded(visitor, "c.more")
    content = spec_json(preset("plain20")).encode()
    visitor.file_uploader(key="c.file.0").set_value(("any.json", content, "application/json")).run()
    calm(visitor)
    assert of_link(visitor)["c"] == "plain20"
