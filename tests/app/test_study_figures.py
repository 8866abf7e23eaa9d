"""What the figures of studies say and hand to the browser, from records that are written down here."""

import json
import math
import re
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from app.figures import activations, inside
from app.figures.inside import block_maps, stage_frames
from app.figures.parts import Chart, Html, Text
from app.text import LANGUAGES, words
from resnet_core.probe.activations import Activations
from resnet_core.probe.inside import Done, Inside, Maps, Trace
from resnet_core.probe.picture import Picture

SAYS = words("en")
WHERE: dict[str, Any] = {
    "seed": 0, "device": "cpu", "device_name": "a <processor>", "threads": 1, "versions": {"torch": "2.13.0"},
    "time_s": 0.1, "data": "digits", "batch_size": 8, "image_size": 8, "trained": False,
}  # fmt: skip
THUMB = Picture.of(bytes(range(8)), (3, 5), 2, 2, -1.0, 1.0)
RECORD = Inside(
    names=("layer1.0", "layer2.0"), residual_shares=(0.5, 0.25), gradient_rms=(0.1, 0.01), cosines=(0.5, 0.9),
    dimensions=(8.0, 4.0), thumbs=(THUMB, THUMB), probabilities={"0": 0.2, "<b>": 0.7, "2": 0.1}, label="<b>",
    aim="<b>", loss=0.3, shown=Picture.of(bytes(64), (0,), 8, 8, 0.0, 1.0), number=3, compared=8, **WHERE,
)  # fmt: skip
TRACE = Trace("conv2", 1, 0, 0, 0, -1, -1, 3, (1.0,) * 9, (math.nan,) * 9, 0.0, math.nan,
              (Done("relu2", "relu", (math.inf,), 1.0, {"eps": 1e-5}),))  # fmt: skip
MAPS = Maps(
    block=1, name="layer1.0", pictures={"x": THUMB, "output": THUMB}, shapes={"x": (2, 2, 2), "output": (2, 2, 2)},
    row=1, column=1, field=7, whole=False, box=(0, 0, 5, 5), spread=THUMB, inside=1.0, side=3, trace=TRACE,
)  # fmt: skip


def _texts(record: Inside, language: str = "en") -> str:
    parts = inside.drawing({"a": [record]}, {"a": "net"}, words(language))
    return "\n".join(part.markdown for part in parts if isinstance(part, Text))


def _signal(stds: tuple[float, ...]) -> str:
    zeros = tuple(0.5 for _ in stds)
    found = Activations(names=tuple(f"u{n}" for n, _ in enumerate(stds)), means=stds, stds=stds, zeros=zeros, **WHERE)
    parts = activations.drawing({"b": [found]}, {"b": "net"}, SAYS)
    (text,) = (part.markdown for part in parts if isinstance(part, Text))
    return text


@pytest.mark.parametrize(
    ("stds", "told"),
    [
        ((0.5, 9.0, 2.0), "grows 4.0 times, from 0.5 to 2"),
        ((3.0, 0.01), "shrinks 300 times, from 3 to 0.01"),
        ((1.0, 5.0, 1.5), "about as large as what the first does: a standard deviation of 1.5 against 1;"),
        ((1.0, 0.0), "zero, or not a number"),
        ((math.inf, 1.0), "zero, or not a number"),
    ],
)
def test_the_signal_is_read_from_the_first_block_to_the_last(stds: tuple[float, ...], told: str) -> None:
    assert told in _signal(stds)


def test_what_the_network_answers_is_right_wrong_or_only_told() -> None:
    assert "takes the image for “&lt;b&gt;” (70%), and is right." in _texts(RECORD)
    assert "(70%); it is “0”." in _texts(replace(RECORD, label="0"))
    assert "(70%)." in _texts(replace(RECORD, label="", number=None))


def test_a_collapse_is_told_from_where_on_it_lasts() -> None:
    names = tuple(f"u{number}" for number in range(4))
    record = replace(
        RECORD, names=names, residual_shares=(None,) * 4, gradient_rms=(1.0,) * 4, cosines=(0.9,) * 4,
        dimensions=(1.1, 3.0, 1.2, 1.0), thumbs=(THUMB,) * 4,
    )  # fmt: skip
    assert "from block 3 on, different images differ along about one direction only" in _texts(record)
    assert "tell 3 classes apart" in _texts(record)
    assert "F(x)" not in _texts(record), "nothing is added anywhere"
    assert "4.0 dimensions behind the last block, and in no block in fewer than 4.0" in _texts(RECORD)
    assert "0.38 times as large as the x" in _texts(RECORD)
    dead = replace(record, dimensions=(math.nan,) * 4)
    assert "direction" not in _texts(dead)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figure_is_plain_json_in_every_language(language: str) -> None:
    broken = replace(RECORD, gradient_rms=(math.inf, math.nan), probabilities={"0": math.nan})
    for record in (RECORD, broken, replace(RECORD, trained=True, number=None, label="")):
        parts = inside.drawing({"a": [record], "b": [record]}, {"a": "<i>", "b": "x"}, words(language))
        for part in parts:
            if isinstance(part, Chart):
                json.dumps(part.figure, allow_nan=False)
                assert "<i>" not in json.dumps(part.figure)
            if isinstance(part, Html):
                assert "<processor>" not in part.markup
    image = inside.drawing({"a": [RECORD]}, {"a": ""}, words(language))[0]
    assert isinstance(image, Html)
    (data,) = re.findall(r'src="data:image/png;base64,([^"]+)"', image.markup)
    assert b64decode(data).startswith(b"\x89PNG")


def test_of_many_classes_the_most_probable_are_drawn() -> None:
    odds = {f"c{number}": 1 / 2 ** (number + 1) for number in range(100)}
    figure = inside.answers({"a": replace(RECORD, probabilities=odds)}, {"a": "x"}, SAYS)
    assert figure["data"][0]["x"] == [f"c{number}" for number in range(10)]


def test_the_stage_gets_a_frame_for_each_block() -> None:
    frames = stage_frames(RECORD)
    json.dumps(frames, allow_nan=False)
    assert [block["name"] for block in frames["blocks"]] == ["layer1.0", "layer2.0"]
    thumb = frames["blocks"][0]["thumb"]
    assert b64decode(thumb["data"]) == bytes(range(8))
    assert (thumb["channels"], thumb["low"], thumb["high"]) == ([3, 5], -1.0, 1.0)
    assert frames["blocks"][1]["gradient"] == 0.01
    assert frames["probabilities"][1] == {"class": "<b>", "probability": 0.7}
    assert (frames["named"], frames["label"]) == ("<b>", "<b>")


def test_the_opened_block_goes_to_the_browser_whole() -> None:
    assert block_maps(RECORD) == {}
    told = block_maps(replace(RECORD, maps=MAPS))
    json.dumps(told, allow_nan=False)
    assert set(told["pictures"]) == {"x", "output"}
    assert told["box"] == {"top": 0, "left": 0, "bottom": 5, "right": 5, "field": 7, "whole": False}
    assert told["trace"]["inputs"] == [1.0] * 9
    assert told["trace"]["weights"] == [None] * 9, "what is no number is none"
    assert told["trace"]["after"][0]["given"] == [None]
