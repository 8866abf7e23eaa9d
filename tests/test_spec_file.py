"""A specification as a file: what is written comes back, and whatever else arrives is refused in a sentence."""

import pytest
from hypothesis import given

from resnet_core import ArchSpec, Refusal, presets
from resnet_core.readers import MAX_BLOCKS
from resnet_core.spec_file import MAX_BYTES, read_spec, spec_json
from tests.strategies import arch_specs


def test_every_preset_comes_back() -> None:
    for row in presets().values():
        assert read_spec(spec_json(row.spec)) == row.spec


@given(arch_specs())
def test_any_network_comes_back(spec: ArchSpec) -> None:
    assert read_spec(spec_json(spec).encode()) == spec


def test_the_longest_that_can_be_written_is_far_from_the_bound() -> None:
    spec = ArchSpec(stages=(400,) * 6, cut=tuple(range(1, MAX_BLOCKS + 1)))
    assert len(spec_json(spec)) < MAX_BYTES / 2
    assert read_spec(spec_json(spec)) == spec


def test_what_an_editor_puts_around_the_text_is_no_part_of_it() -> None:
    assert read_spec(b'\xef\xbb\xbf\r\n{"width": 8}\r\n') == ArchSpec(width=8)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b" " * (MAX_BYTES + 1), "larger than 64 kB"),
        ("가" * (MAX_BYTES // 3 + 1), "larger than 64 kB"),
        (b"\xff\xfe{", "no text in UTF-8"),
        (" \n", "This is empty"),
        ("[" * 1000, "This is not JSON: recursion limit"),
        ('{"stages": ' + "[" * 1000 + "]" * 1000 + "}", "This is not JSON: recursion limit"),
        ('{"width": 3', "This is not JSON: EOF"),
        ("[]", "an object of fields and values"),
        ('{"width": 0}', "from 1 to 1024; got 0"),
        ('{"widht": 3}', "There is no field widht"),
        ("\ud800", "This is not JSON"),
    ],
)
def test_anything_else_is_refused(text: str | bytes, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        read_spec(text)
