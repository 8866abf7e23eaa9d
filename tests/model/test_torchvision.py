"""Weights pass to torchvision's networks and back: against its own source, which this project does not depend on."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from resnet_core import presets

REQUIRED = "RESNET_EXPLORER_REQUIRE_TORCHVISION"
NAMES = [name for name, row in presets().items() if row.source.endswith("torchvision")]
ROUNDING = 1e-5  # of the largest output; measured 0 on a CPU, where both run the same operators in the same order


def _matching_version() -> str:
    """torchvision 0.15 came with torch 2.0, and each later one with the next torch."""
    major, minor, patch = torch.__version__.partition("+")[0].split(".")[:3]
    assert major == "2"
    return f"0.{int(minor) + 15}.{patch}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked wheel of torchvision, without its dependencies and without being installed."""
    folder = tmp_path_factory.mktemp("torchvision")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--retries=1", "--timeout=10", f"--dest={folder}",
               f"torchvision=={_matching_version()}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    if done.returncode:
        reason = f"no wheel of torchvision {_matching_version()}: {done.stderr.strip()[-300:]}"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    (found,) = folder.glob("torchvision-*.whl")
    with zipfile.ZipFile(found) as archive:
        archive.extractall(folder)
    return folder


def test_there_are_ten() -> None:
    assert len(NAMES) == 10


@pytest.fixture(scope="module")
def told(wheel: Path) -> dict[str, dict[str, float]]:
    """All comparisons, from one process."""
    command = [sys.executable, "-m", "tests.model.torchvision_resnets", str(wheel), *NAMES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_weights_pass_both_ways_and_the_outputs_are_equal(name: str, told: dict[str, dict[str, float]]) -> None:
    assert told[name]["there"] <= ROUNDING
    assert told[name]["back"] <= ROUNDING
    assert told[name]["untouched"] > 0.1  # before the weights have passed the outputs differ, as they should
