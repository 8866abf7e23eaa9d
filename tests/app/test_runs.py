"""The page of kept runs: what is listed, opened, compared, named, deleted and taken along."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import cache
from app.text import LANGUAGES, Words, naming, words
from app.views import runs as page
from resnet_core import ArchSpec, TrainSpec
from resnet_core.jobs.store import Writer
from tests.app.visitor import calm, of_link, open_page
from tests.jobs.kept import keep


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of runs and a desk for each test."""
    monkeypatch.setenv("RESNET_EXPLORER_RUNS", str(tmp_path))
    cache.desk.cache_clear()
    yield tmp_path
    cache.desk().close()
    cache.desk.cache_clear()
    st.cache_resource.clear()


def choose(visitor: AppTest, *names: str) -> None:
    """Select the rows with these names, as they were given or as a label of the program is said."""
    table, names = visitor.dataframe[0].value, tuple(naming.said(name, words("en")) for name in names)
    rows = [row for row, name in enumerate(table.iloc[:, 0]) if name in names]
    assert len(rows) == len(names)
    visitor.session_state[page.TABLE] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    visitor.run()
    calm(visitor)


def unfold(visitor: AppTest, key: str) -> None:
    visitor.session_state[key] = True
    visitor.run()
    calm(visitor)


def said(visitor: AppTest) -> str:
    found = [*visitor.markdown, *visitor.caption, *visitor.warning, *visitor.error]
    return " ".join(str(element.value) for element in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_list_says_what_to_do(language: str) -> None:
    visitor = open_page("runs", locale="ko-KR" if language == "ko" else "en-US")
    assert {"en": "No training is kept here yet", "ko": "아직 보관된 학습이 없습니다"}[language] in said(visitor)
    assert "train cifar56 --run-dir" in said(visitor)
    assert not visitor.dataframe


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_in_every_language(root: Path, language: str) -> None:
    keep(root, label="first", steps=11, accuracy=0.25)
    keep(root, label="second", steps=4, status=None)
    visitor = open_page("runs", locale="ko-KR" if language == "ko" else "en-US")
    say = words(language)
    table = visitor.dataframe[0].value
    assert list(table[say("Name")]) == ["second", "first"]
    assert list(table[say("Status")]) == [say("interrupted"), say("finished")]
    assert list(table[say("Steps")]) == [4, 11]
    assert table[say("Test accuracy")][1] == 25
    assert visitor.button(key="runs.open").disabled


def test_opening_one_run_goes_to_its_training_and_keeps_the_experiment(root: Path) -> None:
    run_id = keep(root, label="mine", steps=11, accuracy=0.5)
    visitor = open_page("runs", a="cifar20", seed="7")
    choose(visitor, "mine")
    visitor.button(key="runs.open").click().run()
    calm(visitor)
    link = of_link(visitor)
    assert (link["run"], link["a"], link["seed"]) == (run_id, "cifar20", "7")
    assert visitor.button(key="train.go")
    assert "50.0%" in said(visitor)


def test_comparing_several_puts_all_of_them_into_the_link(root: Path, english: Words) -> None:
    ids = [keep(root, label=f"run {seed}", steps=2, train=TrainSpec(seed=seed)) for seed in range(3)]
    visitor = open_page("runs")
    choose(visitor, "run 0", "run 1", "run 2")
    assert visitor.button(key="runs.open").label == english("Compare {count}", count=3)
    visitor.button(key="runs.open").click().run()
    calm(visitor)
    assert sorted(of_link(visitor)["run"].split(".")) == sorted(ids)


def test_more_networks_than_there_are_places_are_not_compared(root: Path) -> None:
    for width in range(1, 6):
        keep(root, label=f"width {width}", steps=1, arch=ArchSpec(width=width))
    visitor = open_page("runs")
    choose(visitor, *(f"width {width}" for width in range(1, 5)))
    assert not visitor.button(key="runs.open").disabled
    choose(visitor, *(f"width {width}" for width in range(1, 6)))
    assert visitor.button(key="runs.open").disabled
    assert "At most 4 networks can be compared; 5 are chosen" in said(visitor)


def test_more_runs_than_a_link_holds_are_not_compared(root: Path) -> None:
    for seed in range(21):
        keep(root, label=f"run {seed}", steps=0, train=TrainSpec(seed=seed))
    visitor = open_page("runs")
    choose(visitor, *(f"run {seed}" for seed in range(21)))
    assert visitor.button(key="runs.open").disabled
    assert "At most 20 runs can be compared; 21 are chosen" in said(visitor)


def test_a_run_of_another_version_is_listed_but_not_opened(root: Path) -> None:
    run_id = keep(root, label="old", steps=1)
    head = json.loads((root / run_id / "header.json").read_text())
    head["args"][0]["gates"] = 3
    (root / run_id / "header.json").write_text(json.dumps(head))
    visitor = open_page("runs")
    choose(visitor, "old")
    assert visitor.button(key="runs.open").disabled
    assert "another version" in said(visitor)
    other = open_page("train", run=run_id)
    assert "not kept here" in " ".join(box.value for box in other.info)


def test_a_run_gets_a_name_and_loses_it(root: Path) -> None:
    run_id = keep(root, label="cifar56", steps=1)
    visitor = open_page("runs")
    choose(visitor, "cifar56")
    unfold(visitor, "runs.rename")
    field = visitor.text_input(key=f"runs.title.{run_id}")
    assert (field.value, field.placeholder) == ("", "ResNet-56 (CIFAR)")
    field.set_value("  with   *skips*, 지름길 ").run()
    calm(visitor)
    assert visitor.dataframe[0].value.iloc[0, 0] == "with *skips*, 지름길"
    visitor.text_input(key=f"runs.title.{run_id}.v1").set_value("").run()  # the page has trimmed what was typed
    assert visitor.dataframe[0].value.iloc[0, 0] == "ResNet-56 (CIFAR)"


def test_deleting_names_the_runs_and_asks_once_more(root: Path) -> None:
    kept, gone, other = (keep(root, label=name, steps=1) for name in ("keep me", "go", "go too"))
    visitor = open_page("runs")
    choose(visitor, "go", "go too")
    unfold(visitor, "runs.delete")
    assert gone in said(visitor)
    assert other in said(visitor)
    assert kept not in said(visitor)
    assert (root / gone).exists()
    visitor.button(key="runs.delete.now").click().run()
    calm(visitor)
    assert [path.name for path in root.iterdir()] == [kept]
    assert list(visitor.dataframe[0].value.iloc[:, 0]) == ["keep me"]
    assert visitor.button(key="runs.open").disabled, "nothing is chosen any more"


def test_a_run_that_is_alive_elsewhere_is_told_and_not_deleted(root: Path) -> None:
    writer = Writer(root, keep(root, label="elsewhere", steps=3, status=None))
    writer.claim()  # a lock is of a file that was opened, so this program can stand for another one
    ended = keep(root, label="ended", steps=1)
    visitor = open_page("runs")
    assert list(visitor.dataframe[0].value["Status"]) == ["finished", "training in another program"]
    choose(visitor, "elsewhere", "ended")
    unfold(visitor, "runs.delete")
    assert "Still going on, so kept: elsewhere" in said(visitor)
    visitor.button(key="runs.delete.now").click().run()
    calm(visitor)
    assert [path.name for path in root.iterdir()] == [writer.folder.name]
    assert ended not in said(visitor)
    writer.end({"status": "stopped", "error": None})


def test_the_choice_stays_on_its_run_when_the_list_grows(root: Path) -> None:
    keep(root, label="chosen", steps=1)
    visitor = open_page("runs")
    choose(visitor, "chosen")
    keep(root, label="newer", steps=1)
    visitor.run()
    unfold(visitor, "runs.delete")
    assert "chosen" in said(visitor)
    assert "newer" not in said(visitor)


def test_one_run_is_taken_along_in_every_form(root: Path) -> None:
    run_id = keep(root, label="cifar56, width=4", steps=2)
    (root / run_id / "last.safetensors").write_bytes(b"weights")
    visitor = open_page("runs")
    choose(visitor, "cifar56, width=4")
    unfold(visitor, "runs.take")
    name = f"cifar56-width-4-{run_id}"
    offered = {button.key for button in visitor.get("download_button")}
    endings = (".csv", ".jsonl", ".json", "-last.safetensors", ".zip", "-tensorboard.zip")
    assert offered == {f"runs.{name}{ending}" for ending in endings}


def test_the_page_imports_no_torch() -> None:
    import subprocess

    program = "import sys, app.views.runs; print(sorted({'torch', 'tensorboard'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
