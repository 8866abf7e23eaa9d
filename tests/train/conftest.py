"""What the tests of the training share: one thread, no measurement kept from or for anybody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from resnet_core.train import tuning


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESNET_EXPLORER_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(tuning, "_known", {})
