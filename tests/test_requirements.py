"""One list of dependencies: the project names them, requirements.txt pins exactly these."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9_.-]+)==([A-Za-z0-9_.+!-]+)")


def _lines(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line.split("#")[0].strip() for line in text.splitlines() if line.split("#")[0].strip()]


def _pins(name: str) -> dict[str, str]:
    """Name to version of every line that is not an option of pip."""
    matches = [PIN.fullmatch(line) for line in _lines(name) if not line.startswith("-")]
    assert all(matches), f"{name} pins exactly: name==version"
    return {match[1].lower(): match[2] for match in matches if match}


def test_requirements_pin_the_dependencies_of_the_project_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(_pins("requirements.txt")) == sorted(name.lower() for name in project["dependencies"])


def test_requirements_install_the_project_itself() -> None:
    assert [line for line in _lines("requirements.txt") if line.startswith("-")] == ["-e ."]


def test_the_tools_of_the_tests_come_on_top() -> None:
    assert [line for line in _lines("requirements-dev.txt") if line.startswith("-")] == ["-r requirements.txt"]
    assert not set(_pins("requirements-dev.txt")) & set(_pins("requirements.txt"))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_runs_here_is_what_is_pinned(name: str) -> None:
    for package, pinned in _pins(name).items():
        assert version(package).split("+")[0] == pinned, package
