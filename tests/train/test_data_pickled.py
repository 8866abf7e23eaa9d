"""Pickles are parsed, never executed."""

import os
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resnet_core import Refusal
from resnet_core.train.sets import pickled
from tests.train.conftest import python2, some_images


class Calls:
    """Something whose pickle calls a function when Python reads it."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def test_the_fixture_is_what_python_2_wrote_and_is_read_as_python_reads_it() -> None:
    part = some_images(7)
    data = python2(part)
    assert {operation.name for operation, _, _ in pickletools.genops(data)} >= {
        "SHORT_BINSTRING",
        "BINSTRING",
        "GLOBAL",
    }
    expected = pickle.loads(data, encoding="latin1")
    found = pickled.read(data)
    assert np.array_equal(found.pop("data"), expected.pop("data"))
    assert found == expected
    assert found["labels"] == part[1].tolist()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL))
def test_what_python_3_wrote_anew_is_read_too(protocol: int) -> None:
    pixels = some_images(5)[0].reshape(5, -1)
    told = {b"data": pixels, "labels": [0, 300, -1, 2**40], "more": ("a", b"\xff", None, True, 1.5, {}, [])}
    found = pickled.read(pickle.dumps(told, protocol=protocol))
    assert np.array_equal(found.pop(b"data"), pixels)
    assert found == {key: value for key, value in told.items() if key != b"data"}


def test_arrays_keep_their_order_and_their_bytes() -> None:
    told = {"columns": np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)), "big": np.arange(3, dtype=">i8")}
    found = pickled.read(pickle.dumps(told, protocol=2))
    assert found["columns"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["big"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_pickle_is_refused_and_does_nothing(protocol: int, tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"
    for hostile in (
        Calls(os.system, f"touch {trace}"),
        {"data": Calls(eval, f"open({str(trace)!r}, 'w')"), "labels": []},
        [Calls(Path.touch, trace)],
    ):
        data = pickle.dumps(hostile, protocol=protocol)
        with pytest.raises(Refusal, match="was not executed"):
            pickled.read(data)
        assert not trace.exists()
    pickle.loads(data)
    assert trace.exists()  # Python's own reader would have done it


def test_objects_persistent_names_and_broken_files_are_refused() -> None:
    for data in (b"\x80\x02cos\nsystem\n)\x81.", b"(ios\nsystem\n.", b"Pid\n."):
        with pytest.raises(Refusal, match="was not executed"):
            pickled.read(data)
    whole = python2(some_images(3))
    for data in (b"", whole[:-1], whole[: len(whole) // 2], b"garbage", b"e.", b"h\x05.", b"K\x01R.", b"K\x01K\x02a."):
        with pytest.raises(Refusal):
            pickled.read(data)
