"""The walls between the rooms, and the tools that read the source: import contracts, ruff, mypy."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = {
    "contracts": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
}


def _sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "types" else ()) for name in TOOLS]
)
def test_the_source_passes(name: str) -> None:
    done = subprocess.run([sys.executable, *TOOLS[name]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "imported",
    [
        "app.views.explore, app.views.train, app.controls, app.cache",
        "resnet_core, resnet_core.cost.witnesses, resnet_core.jobs.runner, resnet_core.__main__",
    ],
)
def test_torch_is_not_imported_before_it_is_needed(imported: str) -> None:
    """It takes seconds: a page paints its counts and drawings first."""
    program = f"import sys, {imported}; print(sorted({{'torch', 'sklearn', 'fvcore', 'torchinfo'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_cache_caches_for_all_visitors() -> None:
    users = {path.relative_to(ROOT).as_posix() for path in _sources("app") if "st.cache_" in path.read_text("utf-8")}
    assert users <= {"app/cache.py"}


def test_a_cache_with_keys_is_bounded() -> None:
    for node in ast.walk(ast.parse((ROOT / "app/cache.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.args.args:
            for decorator in node.decorator_list:
                assert isinstance(decorator, ast.Call)
                assert {"max_entries"} & {keyword.arg for keyword in decorator.keywords}, node.name


def test_only_the_state_reads_and_writes_the_link() -> None:
    users = {
        p.relative_to(ROOT).as_posix()
        for p in _sources("app")
        if re.search(r"\bst\.query_params", p.read_text("utf-8"))
    }
    assert users == {"app/state.py"}


@pytest.mark.parametrize("package", ["app", "resnet_core"])
def test_files_stay_small_and_no_exception_is_swallowed(package: str) -> None:
    for path in _sources(package):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler):
                swallowed = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
                broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
                assert not (swallowed and broad), f"{path}:{node.lineno}"


def test_only_a_button_holds_help_of_its_own() -> None:
    """In any other widget it becomes a part of the label, where a click on it works the widget."""
    for path in _sources("app"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                assert "help" not in {key.value for key in node.keys if isinstance(key, ast.Constant)}, path
            if isinstance(node, ast.Call) and "help" in {keyword.arg for keyword in node.keywords}:
                assert isinstance(node.func, ast.Attribute), f"{path}:{node.lineno}"
                assert node.func.attr in {"button", "download_button", "link_button"}, f"{path}:{node.lineno}"
