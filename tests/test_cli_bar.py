"""The bar on standard error: where a terminal watches, after half a second, and never on standard output."""

import os
import pty
import subprocess
import sys
from collections.abc import Sequence

import pytest

COMMAND = [sys.executable, "-m", "resnet_core"]
SMALL = ["cifar20", "--set", "stages=1,1,1", "--set", "width=4"]


def watched(arguments: Sequence[str]) -> tuple[str, str]:
    """Standard output, and what a terminal gets as standard error."""
    terminal, end = pty.openpty()
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=end, text=True) as process:
        os.close(end)
        out, _ = process.communicate(timeout=120)
    told = b""
    while True:
        try:
            block = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        told += block
    os.close(terminal)
    assert process.returncode == 0
    return out, told.decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["study", "latency", "resnet18", "resnet34", "--json"], "Passes of each network in turn"),
        (["train", *SMALL, "--precision", "float32", "--memory-format", "contiguous", "--seconds", "2"], "step "),
    ],
)
def test_a_terminal_sees_how_far_it_is(arguments: list[str], words: str) -> None:
    out, told = watched(arguments)
    assert words in told
    assert "s left" in told
    assert "%" in told
    assert told.endswith("\r\x1b[K"), "it is gone at the end"
    assert "\r" not in out
    assert "s left" not in out


def test_nobody_watching_sees_nothing() -> None:
    done = subprocess.run([*COMMAND, "study", "kernels"], capture_output=True, text=True, check=True, timeout=120)
    assert done.stderr == ""
    assert "times_3x3_s" in done.stdout
