"""One fork server for all of these tests; a desk of its own for each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resnet_core import ArchSpec, TrainSpec
from resnet_core.jobs.runner import Desk

SMALL = ArchSpec(stages=(1, 1, 1), width=4).model_dump(mode="json")
PLAIN = TrainSpec(precision="float32", memory_format="contiguous")  # nothing to measure first
LONG = PLAIN.with_(epochs=200).model_dump(mode="json")
SHORT = PLAIN.with_(epochs=2).model_dump(mode="json")


def network(**changes: Any) -> list[dict[str, Any]]:
    """The small network, as a study's job takes it."""
    return [{"name": "small", "arch": {**SMALL, **changes}}]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose run folders are thrown away."""
    opened = Desk(slots=2, root=tmp_path)
    yield opened
    opened.close()
