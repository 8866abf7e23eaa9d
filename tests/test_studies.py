"""Every row of the table of studies, from its declaration to its figure: a new one is tested from its first day."""

import csv
import importlib
import importlib.util
import io
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import streamlit as st

from app import cache
from app.figures.parts import Chart, Text
from app.figures.studies import FIGURES, draw
from app.slots import RACERS
from app.text import LANGUAGES, words
from app.views.measurements import ELSEWHERE, PLACED
from resnet_core import ArchSpec, Refusal, TrainSpec, preset
from resnet_core.__main__ import main
from resnet_core.export import onnx
from resnet_core.export.findings import findings_csv
from resnet_core.fields import field_table
from resnet_core.jobs.job import Job
from resnet_core.jobs.kept import keep, kept_epochs, read_study, trained
from resnet_core.jobs.listing import runs
from resnet_core.jobs.stored import read
from resnet_core.probe import gradients
from resnet_core.records import from_json, to_json
from resnet_core.studies import STUDIES, Found, study_of
from resnet_core.study import Finding, OnImages, Study, Subject
from tests.app.visitor import PATIENCE_S, calm, markup, of_link, open_page, unfolded

SMALL = ArchSpec(stages=(1, 1, 1), width=4)
QUICK: dict[str, dict[str, Any]] = {"kernels": {"channels": 4, "map_size": 8}, "presets": {"gmacs": 0.045}}
SLOW = preset("resnet101")  # seconds for each of them, so that there is something to end
NAME = re.compile("[a-z]+")
absent = [name for name in onnx.PACKAGES if importlib.util.find_spec(name) is None]
ALL = [
    pytest.param(study, id=study.name, marks=pytest.mark.skipif(study.name == "onnx" and bool(absent), reason="extra"))
    for study in STUDIES.values()
]


@pytest.fixture(scope="module", autouse=True)
def _root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One desk for this file; its runs, and what is known of the device, are thrown away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_EXPLORER_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("RESNET_EXPLORER_DATA", str(tmp_path_factory.mktemp("data")))
        yield
        cache.desk().close()
        cache.desk.cache_clear()
        st.cache_resource.clear()


def subjects(study: Study[Any], *specs: ArchSpec) -> list[Subject]:
    return [Subject(f"net{place}", spec, place) for place, spec in enumerate(specs)] if study.networks else []


def until(condition: Callable[[], object], timeout: float = 60.0) -> None:
    limit = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.01)


_found: dict[str, Found] = {}


def found_by(study: Study[Any]) -> Found:
    """What the study finds on two small networks, measured once."""
    if study.name not in _found:
        networks = subjects(study, SMALL, SMALL.with_(skip=False))
        options = study.options(**QUICK.get(study.name, {}))
        job = cache.desk().submit(study.name, *study.order(networks, options))
        assert job.wait(60)
        assert job.error is None
        _found[study.name] = Found(study, tuple(networks), options, tuple(job.records))
    return _found[study.name]


@pytest.mark.parametrize("study", ALL)
def test_the_declaration_holds(study: Study[Any]) -> None:
    module, _, name = study.run.partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    assert NAME.fullmatch(study.name), "it is a part of links and a command"
    assert study.name not in (*RACERS, "train"), "which mean something else in a link"
    assert study.source
    assert issubclass(study.record, Finding)
    assert study.record.__doc__
    korean = words("ko")
    for said in (
        study.title,
        study.says,
        *(text for row in field_table(study.options).values() for text in (row.title, row.help)),
    ):
        assert said
        assert korean(said) != said or said.isascii() is False or said in ("Nesterov",), said
    for row in field_table(study.options).values():
        assert row.choices or row.kind in ("switch", "token") or None not in (row.minimum, row.maximum), row.name


@pytest.mark.parametrize("study", ALL)
def test_its_records_survive_their_file_and_are_drawn_from_it(study: Study[Any], tmp_path: Path) -> None:
    found = found_by(study)
    assert found.records
    for record in found.records:
        assert from_json(study.record, to_json(record)) == record
        assert record.device_name
        assert record.versions["torch"]
        assert record.time_s > 0
    assert Found.from_json(found.to_json()) == found
    kept = read_study(tmp_path, keep(tmp_path, found))
    assert kept == found
    for language in LANGUAGES:
        parts = draw(kept, words(language))
        assert parts
        assert parts == draw(found, words(language))
    for place in range(len(found.networks)):  # one network alone, too
        alone = Found(study, (found.networks[place],), found.options, tuple(found.of(place)))
        assert not alone.records or draw(alone, words("en"))


@pytest.mark.parametrize("study", ALL)
def test_its_table_has_a_line_for_each_entry(study: Study[Any]) -> None:
    found = found_by(study)
    lines = list(csv.DictReader(io.StringIO(findings_csv(found.records))))
    assert {int(line["place"]) for line in lines} == {record.place for record in found.records}
    assert all(line["versions.torch"] for line in lines)
    longest = sum(
        max((len(value) for value in json.loads(to_json(record)).values() if isinstance(value, list)), default=1) or 1
        for record in found.records
    )
    assert len(lines) == longest


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("study", ALL)
def test_the_command_measures_and_keeps(study: Study[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    networks = ["cifar20", "plain20", "--set", "stages=1,1,1", "--set", "width=4"] if study.networks else []
    options = [f"--{name.replace('_', '-')}={value}" for name, value in QUICK.get(study.name, {}).items()]
    command = ["study", study.name, *networks, *options, "--run-dir", str(tmp_path)]
    assert main([*command, "--json", "--keep"]) == 0
    records = [from_json(study.record, line) for line in capsys.readouterr().out.splitlines()]
    (row,) = runs(tmp_path)
    assert (row.study, row.status, row.alive, row.resumable) == (study.name, "done", False, False)
    kept = read_study(tmp_path, row.id)
    assert kept is not None
    assert list(kept.records) == records
    assert main(command) == 0
    assert "measured: seed" in capsys.readouterr().out
    assert main(["runs", row.id, "--run-dir", str(tmp_path), "--csv", str(tmp_path / "table.csv")]) == 0
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == findings_csv(kept.records).replace("\r\n", "\n")


def slowly(study: Study[Any]) -> Job:
    """A job that has begun and is far from its end."""
    options = study.options(**({"channels": 512, "map_size": 112} if study.name == "kernels" else {}))
    job = cache.ask(study.name, subjects(study, SLOW), options)
    until(lambda: job.stage is not None or job.finished)
    assert not job.finished, job.error
    return job


@pytest.mark.parametrize("study", ALL)
def test_it_can_be_cancelled_and_asked_again(study: Study[Any]) -> None:
    job = slowly(study)
    stage = job.stage
    assert stage is not None
    assert 0 <= stage.share <= 1
    assert words("ko")(stage.words) != stage.words
    job.stop()
    assert job.wait(5)
    assert (job.status, job.error) == ("stopped", None)
    again = slowly(study)
    assert again is not job
    again.stop()
    assert again.wait(5)


@pytest.mark.parametrize("study", ALL)
def test_a_failure_is_told_and_not_remembered(study: Study[Any]) -> None:
    job = slowly(study)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    assert job.wait(10)
    assert job.status == "failed"
    assert "signal 9" in str(job.error)
    again = slowly(study)
    assert again is not job
    again.stop()
    assert again.wait(5)


@pytest.mark.parametrize("study", ALL)
def test_what_is_asked_twice_is_measured_once_unless_it_is_a_time(study: Study[Any]) -> None:
    options = study.options(**QUICK.get(study.name, {}))
    named = [network._replace(name="another") for network in subjects(study, SMALL)]
    first, second = (cache.ask(study.name, networks, options) for networks in (subjects(study, SMALL), named))
    assert (first is second) is not study.timed
    assert first.wait(60)
    assert second.wait(60)
    assert first.status == "done"


def test_an_option_that_chooses_what_is_drawn_measures_nothing_again() -> None:
    study = STUDIES["gradients"]
    networks = subjects(study, SMALL)
    asked = [cache.ask("gradients", networks, study.options(measure=measure)) for measure in ("rms", "l2")]
    assert asked[0] is asked[1]
    found = found_by(study)
    titles = set()
    for measure in ("rms", "l2"):
        chart, reading, *_ = draw(replace(found, options=found.options.with_(measure=measure)), words("en"))
        assert isinstance(chart, Chart)
        assert isinstance(reading, Text)
        assert chart.figure["data"][0]["y"] == list(getattr(found.records[0], "norms" if measure == "l2" else "rms"))
        assert ("norm of the gradient" in reading.markdown) is (measure == "l2")
        titles.add(chart.figure["layout"]["yaxis"]["title"]["text"])
    assert len(titles) == 2
    old = tuple(replace(record, sizes=()) for record in found.records)
    chart, *_ = draw(replace(found, records=old), words("en"))
    assert isinstance(chart, Chart)
    assert chart.figure["data"][0]["y"] == list(old[0].norms), "all that an earlier version recorded"


def test_the_table_and_the_figures_name_the_same_studies() -> None:
    assert list(FIGURES) == list(STUDIES)
    with pytest.raises(Refusal, match="There is no study weather; there are gradients, counts"):
        study_of("weather")


def test_the_list_of_studies_names_each_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study"]) == 0
    told = capsys.readouterr().out
    assert all(study.title in told and study.source in told and study.says in told for study in STUDIES.values())
    assert main(["study", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {row["name"]: set(row["options"]) for row in listed} == {
        name: set(field_table(study.options)) for name, study in STUDIES.items()
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["weather"], "There is no study weather; there are gradients"),
        (["kernels", "--set", "width=3"], "--set changes a preset, and none is named"),
        (["gradients", "--run", "nothing-here", "--set", "skip=false"], "--set changes a preset, and none is named"),
        (["gradients", *["cifar20"] * 5, "--keep"], "this one has 5"),
        (["gradients", "cifar20", "--keep", "--run-dir", "/dev/null/runs"], "No run can be kept in /dev/null/runs"),
        (["gradients"], "Name the network"),
        (["kernels", "cifar20"], "takes no network"),
        (["gradients", "cifar20", "--batch-size", "1"], "from 2 to 4096; got 1"),
        (["counts", "cifar20", "--tool", "thop"], "tool is one of all, fvcore, torchinfo, torch"),
        (["gradients", "--run", "nothing-here"], "There is no run nothing-here"),
        (["gradients", "cifar20", "--set", "stages=400,400,400", "--set", "width=1024"], "GB"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(["study", *arguments])
    except SystemExit as stopped:
        code = stopped.code
    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert told in said.err


def test_a_kept_runs_weights_are_measured_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["cifar20", "--set", "stages=1,1,1", "--set", "width=4"]
    plain = ["--precision", "float32", "--memory-format", "contiguous", "--steps", "30"]
    root = ["--run-dir", str(tmp_path)]
    assert main(["train", *small, *plain, *root]) == 0
    (run,) = runs(tmp_path)
    capsys.readouterr()
    assert main(["study", "gradients", *small, "--run", run.id, *root, "--json"]) == 0
    fresh, learned = (from_json(gradients.GradientFlow, line) for line in capsys.readouterr().out.splitlines())
    assert (fresh.trained, learned.trained) == (False, True)
    assert fresh.loss > learned.loss, "it has learned"
    assert run.id in learned.network
    assert main(["study", "latency", "--run", run.id, *root]) == 2
    assert "does not depend on the weights" in capsys.readouterr().err
    stored = read(tmp_path, run.id)
    assert stored is not None
    (stored.folder / "last.safetensors").unlink()
    with pytest.raises(Refusal, match="has no weights that could be measured"):
        trained(stored.folder)


def test_a_kept_run_is_measured_at_an_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["cifar20", "--set", "stages=1,1,1", "--set", "width=4"]
    root = ["--run-dir", str(tmp_path)]
    how = ["--precision", "float32", "--memory-format", "contiguous", "--epochs", "3", "--seed", "5"]
    assert main(["train", *small, *how, *root]) == 0
    (run,) = runs(tmp_path)
    capsys.readouterr()
    command = ["study", "gradients", "--run", run.id, *root, "--json"]
    assert main([*command, "--epoch", "0", "--epoch", "2", "--epoch", "3", "--keep"]) == 0
    found = [from_json(gradients.GradientFlow, line) for line in capsys.readouterr().out.splitlines()]
    assert [record.trained for record in found] == [False, True, True]
    assert [record.seed for record in found] == [5, 5, 5]
    assert [record.network.rpartition(f"{run.id}, ")[2] for record in found] == ["epoch 0)", "epoch 2)", "epoch 3)"]
    assert found[0].loss > found[1].loss != found[2].loss
    assert main(command) == 0
    (last,) = (from_json(gradients.GradientFlow, line) for line in capsys.readouterr().out.splitlines())
    assert replace(last, seed=0).norms != found[2].norms, "its own seed shows another batch"
    (kept,) = (row for row in runs(tmp_path) if row.study)
    again = read_study(tmp_path, kept.id)
    assert again is not None
    assert again.networks[1].weights == Path(run.id, "epoch-0002.safetensors"), "no path of this machine"
    for arguments, told in (
        (["--epoch", "9"], "kept are those of 0, 1, 2, 3"),
        (["--epoch", "x"], "takes the number of an epoch"),
        (["--epoch", "9" * 30], "No training has so many epochs"),
        (["--epoch", "0", "--seed", "1"], "drawn from the seeds 5"),
    ):
        assert main([*command, *arguments]) == 2
        assert told in capsys.readouterr().err
    assert main(["study", "gradients", "cifar20", "--epoch", "1"]) == 2
    assert "none is named" in capsys.readouterr().err
    stored = read(tmp_path, run.id)
    assert stored is not None
    (stored.folder / "epoch-0002.safetensors").unlink()
    assert kept_epochs(stored.folder) == (0, 1, 3)


def test_each_epoch_of_a_run_is_measured_once_on_the_page() -> None:
    how = TrainSpec(epochs=2, precision="float32", memory_format="contiguous")
    job = cache.desk().submit("train", *(one.model_dump(mode="json") for one in (SMALL, how)), keep=True, label="net")
    assert job.wait(60)
    folder = cache.desk().root / job.id
    study = STUDIES["readout"]
    asked = {}
    for epoch in kept_epochs(folder):
        subject, recipe = trained(folder, epoch=epoch)
        asked[epoch] = cache.ask("readout", [subject], study.options(seed=recipe.get("seed", 0)))
        again, _ = trained(folder, "under another name", epoch=epoch)
        assert cache.ask("readout", [again], study.options(seed=recipe.get("seed", 0))) is asked[epoch]
    assert list(asked) == [0, 1, 2]
    assert all(one.wait(60) for one in asked.values())
    assert len({one.records[0].accuracy for one in asked.values()}) == 3
    assert asked[2].records[0].last_readable == 3
    gone, _ = trained(folder, epoch=1)
    assert gone.weights is not None
    gone.weights.unlink()
    refused = cache.ask("readout", [gone], study.options())
    assert refused.wait(60)
    assert "cannot be used for this network" in str(refused.error), "a training has thinned it out meanwhile"


def test_the_page_measures_a_kept_runs_weights() -> None:
    root = cache.desk().root
    how = TrainSpec(steps=2, precision="float32", memory_format="contiguous")
    job = cache.desk().submit("train", *(one.model_dump(mode="json") for one in (SMALL, how)), keep=True, label="net")
    assert job.wait(60)
    visitor = open_page("runs")
    row = [run.id for run in runs(root)].index(job.id)
    visitor.session_state["runs.table"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    visitor = unfolded(visitor, "runs.weights")
    key = f"weights.{job.id}"
    for number, name in enumerate(name for name, study in STUDIES.items() if study.weights):
        visitor.button(key=f"{key}.ask{number}").click().run()
        asked = visitor.session_state[f"{key}.asked"]
        until(lambda asked=asked: asked.finished)  # type: ignore[misc]
        (record,) = asked.current.found.records
        assert type(record) is STUDIES[name].record
        assert record.trained
        assert job.id in record.network


def test_a_file_that_is_no_study_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"study": "counts"}', '{"study": "counts", "networks": [{}], "options": {}}'):
        with pytest.raises(Refusal, match="holds no study"):
            Found.from_json(text)
    with pytest.raises(Refusal, match="There is no study weather"):
        Found.from_json('{"study": "weather"}')
    assert read_study(tmp_path, "nothing-here") is None
    assert read_study(tmp_path, "../../etc") is None
    found = found_by(STUDIES["gradients"])
    with pytest.raises(Refusal, match="up to 4 networks can be kept"):
        keep(tmp_path, Found(found.study, found.networks * 3, found.options, found.records))
    with pytest.raises(Refusal, match="nothing to keep"):
        keep(tmp_path, Found(found.study, found.networks, found.options, ()))


def test_the_options_of_a_study_stand_in_the_link() -> None:
    visitor = open_page(a="cifar20", b="plain20", **{"gradients_batch_size": "32", "latency_batch_size": "0"})
    assert "Batch size is a whole number from 1 to 4096; got 0" in visitor.warning[0].value
    assert of_link(visitor)["gradients.batch_size"] == "32"


def test_what_a_page_keeps_is_opened_by_its_link() -> None:
    found = found_by(STUDIES["counts"])
    run_id = keep(cache.desk().root, found)
    visitor = open_page("runs", study=run_id)
    assert markup(visitor).count("data-remainder") == 3 * len(found.networks)
    visitor.button(key="runs.study.close").click().run()
    calm(visitor)
    assert "study" not in of_link(visitor)
    gone = open_page("runs", study="nothing-here")
    assert "not kept here any more" in gone.info[0].value
    trains = open_page("train", run=run_id)
    assert "not kept here" in trains.info[0].value


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in PLACED | ELSEWHERE])
def test_a_study_without_a_place_of_its_own_has_a_section(name: str) -> None:
    small = {f"{slot}_{field}": text for slot in "ab" for field, text in (("stages", "1,1,1"), ("width", "4"))}
    key = f"study.{name}"
    visitor = unfolded(open_page(a="cifar20", b="plain20", **small), key)
    visitor.button(key=f"{key}.ask0").click().run()
    end = time.monotonic() + PATIENCE_S
    while not visitor.session_state[f"{key}.asked"].finished:
        assert time.monotonic() < end
        time.sleep(0.2)
        visitor.run()
    visitor.run()
    calm(visitor)
    assert not visitor.error
    visitor = unfolded(visitor, f"{key}.{name}.take")
    visitor.button(key=f"{key}.{name}.keep").click().run()
    assert [run.study for run in runs(cache.desk().root)].count(name) == 1


def test_an_option_on_images_is_the_recipes_with_words_of_its_own() -> None:
    recipe, option = field_table(TrainSpec), field_table(OnImages)
    assert all(option[name]._replace(help="") == recipe[name]._replace(help="") for name in option)


@pytest.mark.parametrize("study", ALL)
def test_the_words_of_an_option_are_true_of_a_study(study: Study[Any]) -> None:
    told = {name: row.help for name, row in field_table(study.options).items()}
    assert "trained" not in told.get("device", "")
    assert "learned" not in told.get("data", "")
    assert "order of the images" not in told.get("seed", "")
    ordered = study.name in ("gradients", "activations", "inside")
    assert ("which images" in told.get("seed", "")) is ordered


def test_a_kept_study_is_read_where_it_could_not_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_by(STUDIES["gradients"])
    run_id = keep(tmp_path, found)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0))
    with pytest.raises(Refusal, match="GB are free"):
        found.study.refuse(found.networks, found.options)
    assert read_study(tmp_path, run_id) == found
    assert Found.from_json(found.to_json()) == found


def test_a_child_refuses_what_it_cannot_measure() -> None:
    study = STUDIES["gradients"]
    huge = Subject("huge", ArchSpec(stages=(400, 400, 400), width=1024))
    job = cache.desk().submit("gradients", *study.order([huge], study.options()))
    assert job.wait(60)
    assert "GB" in str(job.error)


BROKEN: list[Any] = [None, "", "x", "NaN", "Infinity", 0, -1, 10**400, 1e-300, [], {}, [0], [0, 0], ["x"], {"x": 0}]


@pytest.mark.parametrize("study", ALL)
def test_whatever_can_be_read_can_be_drawn(study: Study[Any]) -> None:
    """Each field of a record, spoiled in each of many ways: refused where it is read, or drawn."""
    found = found_by(study)
    whole = json.loads(found.to_json())
    refused = 0
    for name, value in whole["records"][0].items():
        spoiled = [*BROKEN, *([value[:-1], [value[0], *value]] if isinstance(value, list) and value else [])]
        if isinstance(value, list) and value:
            spoiled += [[one, *value[1:]] for one in BROKEN]
        if isinstance(value, dict):
            spoiled += [{**value, key: one} for key in value for one in BROKEN]
        for other in spoiled:
            records = [{**whole["records"][0], name: other}, *whole["records"][1:]]
            try:
                again = Found.from_json(json.dumps({**whole, "records": records}))
            except Refusal:
                refused += 1
                continue
            for parts in (draw(again, words("en")), findings_csv(again.records)):
                assert parts, (name, other)
    assert refused > 50


def spoil(folder: Path, spoiled: str, value: Any) -> None:
    """Write another value into the header, or into the first record, of a kept study."""
    if spoiled in ("task", "args"):
        head = json.loads((folder / "header.json").read_text())
        (folder / "header.json").write_text(json.dumps({**head, spoiled: value}))
        return
    first, *others = (folder / "records.jsonl").read_text().splitlines()
    line = json.loads(first)
    line["record"][spoiled] = value
    lines = [json.dumps(line, separators=(",", ":")), *others]
    (folder / "records.jsonl").write_text("".join(f"{one}\n" for one in lines))


@pytest.mark.parametrize(
    ("name", "spoiled", "value", "listed"),
    [
        ("gradients", "args", [[1], {}], True), ("gradients", "args", "ab", True), ("gradients", "args", 7, True),
        ("gradients", "args", [[{"name": "x"}], {}], True), ("gradients", "args", [[], 3], True),
        ("gradients", "task", ["x"], False), ("gradients", "place", 7, True), ("activations", "place", -1, True),
        ("gradients", "data", "weather", True), ("gradients", "norms", [1.0], True), ("activations", "names", [], True),
        ("latency", "place", 2, True), ("latency", "times_s", [], True), ("latency", "times_s", [0.0, 0.0], True),
        ("latency", "times_s", [1.0, 2.0], True), ("kernels", "times_1x1_s", [], True), ("kernels", "place", 1, True),
        ("roofline", "ops", ["x"], True), ("counts", "versions", {}, True),
    ],
)  # fmt: skip
def test_a_damaged_folder_says_so_and_can_be_deleted(name: str, spoiled: str, value: Any, listed: bool) -> None:
    root = cache.desk().root
    whole, broken = (keep(root, found_by(STUDIES[name])) for _ in range(2))
    spoil(root / broken, spoiled, value)
    assert read_study(root, broken) is None
    assert {whole, broken} - {run.id for run in runs(root)} == (set() if listed else {broken})
    if spoiled == "args" and not isinstance(value, list):
        assert cache.desk().get(broken) is None
    visitor = open_page("runs", study=broken)
    assert "cannot be read" in visitor.info[0].value
    visitor = open_page("runs", study=whole)
    assert not visitor.info
    if listed:
        row = [run.id for run in runs(root)].index(broken)
        visitor = open_page("runs")
        visitor.session_state["runs.table"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
        visitor.run()
        visitor = unfolded(visitor, "runs.take")
        assert "cannot be read" in visitor.info[0].value
        unfolded(visitor, "runs.delete").button(key="runs.delete.now").click().run()
        calm(visitor)
        assert not (root / broken).exists()
    cache.desk().delete(whole)


def test_what_is_written_names_the_run_and_no_path_of_the_server(tmp_path: Path) -> None:
    found = found_by(STUDIES["gradients"])
    weights = tmp_path / "secret" / "Run_1" / "last.safetensors"
    networks = tuple(network._replace(weights=weights) for network in found.networks)
    learned = Found(found.study, networks, found.options, found.records)
    assert str(weights) in json.dumps(found.study.order(networks, found.options)), "the child must find them"
    run_id = keep(tmp_path, learned)
    for text in (learned.to_json(), (tmp_path / run_id / "header.json").read_text()):
        assert "Run_1/last.safetensors" in text
        assert "secret" not in text
    for again in (Found.from_json(learned.to_json()), read_study(tmp_path, run_id)):
        assert again is not None
        assert draw(again, words("en")) == draw(learned, words("en"))
        assert again.to_json() == learned.to_json()


@pytest.mark.usefixtures("one_thread")
def test_json_may_stand_before_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["cifar20", "--set", "stages=1,1,1", "--set", "width=4"]
    for command in (["study", "--json", "gradients", *small], ["gradients", *small, "--json"]):
        assert main(command) == 0
        (line,) = capsys.readouterr().out.splitlines()
        assert from_json(gradients.GradientFlow, line).names
    assert main(["gradients", *small]) == 0
    assert capsys.readouterr().out.startswith("cifar20, stages=1,1,1, width=4\n")
    assert main(["study", "kernels", "--channels", "4", "--map-size", "8"]) == 0
    assert capsys.readouterr().out.startswith("  channels = 4\n"), "no line for a network where there is none"


def test_a_kept_study_is_no_training_that_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = keep(tmp_path, found_by(STUDIES["gradients"]))
    assert main(["train", "--resume", run_id, "--run-dir", str(tmp_path)]) == 2
    assert "is a kept measurement and no training" in capsys.readouterr().err


def test_a_second_try_that_is_refused_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "study.activations"
    visitor = unfolded(open_page(a="resnet101", b="resnet101"), key)
    visitor.button(key=f"{key}.ask0").click().run()
    asked = visitor.session_state[f"{key}.asked"]
    asked.stop()
    until(lambda: asked.finished)
    visitor.run()

    def full(*_args: object, **_named: object) -> None:
        raise Refusal("The desk is full.")

    monkeypatch.setattr(cache, "ask", full)
    visitor.button(key=f"{key}.retry").click().run()
    calm(visitor)
    assert "The desk is full." in [box.value for box in visitor.error]
    assert visitor.button(key=f"{key}.retry")
