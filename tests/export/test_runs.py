"""The records of a training as CSV, as JSON, as a ZIP and as TensorBoard's event files."""

import csv
import io
import json
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from resnet_core import ArchSpec, Refusal, TrainSpec
from resnet_core.export import tensorboard
from resnet_core.export.runs import answers_csv, facts_json, records_csv, zipped
from resnet_core.jobs.store import load
from resnet_core.jobs.stored import steps
from resnet_core.train.records import SCALARS, Answers
from tests.jobs.kept import UNITS, header, keep, step


def test_csv_has_the_scalars_first_and_a_column_for_each_unit() -> None:
    text = "".join(records_csv([step(1), step(2, 0.5)], UNITS))
    first, second = csv.DictReader(io.StringIO(text))
    assert list(first)[: len(SCALARS)] == list(SCALARS)
    assert list(first)[len(SCALARS) :] == [
        f"{title}.{unit}"
        for title in ("gradient_norm", "update_ratio", "activation_mean", "activation_std")
        for unit in UNITS
    ]
    assert (first["step"], first["loss"], first["test_accuracy"]) == ("1", "2.0", "")
    assert (second["test_accuracy"], second["activation_std.layer2.0"]) == ("0.5", "2.0")
    assert (first["gradient_norm.layer1.0"], first["gradient_norm.layer2.0"]) == ("0.5", "NaN")


def test_csv_comes_line_by_line() -> None:
    def endless() -> object:
        number = 0
        while True:
            number += 1
            yield step(number)

    lines = records_csv(endless(), UNITS)  # type: ignore[arg-type]
    assert [next(lines).split(",")[0] for _ in range(4)] == ["step", "1", "2", "3"]


def test_what_was_not_measured_keeps_its_columns() -> None:
    text = "".join(records_csv([replace(step(1), update_ratios=())], UNITS))
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["update_ratio.layer1.0"], row["activation_std.layer1.0"]) == ("", "1.0")


def test_answers_have_a_line_for_each_image_and_test() -> None:
    answers = Answers(numbers=(7, 3), labels=(0, 1), named=(0, 2), shares=(0.75, float("nan")))
    told = answers_csv([step(1), replace(step(2, 0.5), answers=answers)])
    rows = list(csv.DictReader(io.StringIO("".join(told))))
    assert [list(row.values()) for row in rows] == [["2", "7", "0", "0", "0.75"], ["2", "3", "1", "2", "NaN"]]
    assert list(rows[0]) == ["step", "image", "class", "named", "probability"]


def test_the_facts_read_back_as_specifications(tmp_path: Path) -> None:
    arch, train = ArchSpec(width=4), TrainSpec(seed=3)
    folder = tmp_path / keep(tmp_path, arch=arch, train=train, label="small")
    told = json.loads(facts_json(load(folder / "header.json") or {}, load(folder / "end.json") or {}, title="mine"))
    assert (ArchSpec(**told["arch"]), TrainSpec(**told["train"])) == (arch, train)
    assert (told["title"], told["label"], told["end"]["status"]) == ("mine", "small", "done")
    assert told["run"]["unit_names"] == list(UNITS)


def test_a_zip_holds_files_and_what_is_written_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0" * 1000)
    archive = zipfile.ZipFile(io.BytesIO(zipped({"run/a.bin": tmp_path / "a.bin", "run/b.csv": iter(["x,", "y\n"])})))
    assert archive.testzip() is None
    assert {name: len(archive.read(name)) for name in archive.namelist()} == {"run/a.bin": 1000, "run/b.csv": 4}


def test_tensorboard_reads_every_scalar_back(tmp_path: Path) -> None:
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    folder = tmp_path / keep(tmp_path, steps=3, accuracy=0.75)
    known = header(ArchSpec(), TrainSpec())
    path = tensorboard.write_events(tmp_path / "events", known, steps(folder), "A")
    again = tensorboard.write_events(tmp_path / "again", known, steps(folder), "A")
    assert path.read_bytes() == again.read_bytes()
    found = event_accumulator.EventAccumulator(str(tmp_path / "events"))
    found.Reload()
    tags = found.Tags()["scalars"]
    assert {"loss", "train_accuracy", "test_accuracy", "learning_rate", "images_per_s"} <= set(tags)
    assert {f"gradient_norm/{unit}" for unit in UNITS} <= set(tags)
    losses = found.Scalars("loss")
    assert [(event.step, event.value) for event in losses] == [(1, 2.0), (2, 1.0), (3, pytest.approx(2 / 3))]
    started = 1795464000.0  # 2026-11-23T20:00:00Z
    assert [event.wall_time for event in losses] == [started + 0.25, started + 0.5, started + 0.75]
    assert [(event.step, event.value) for event in found.Scalars("test_accuracy")] == [(3, 0.75)]
    assert all(math.isnan(event.value) for event in found.Scalars("gradient_norm/layer2.0"))


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard, "PACKAGE", "no_such_package")
    with pytest.raises(Refusal, match=r"pip install -e '\.\[tensorboard\]'"):
        tensorboard.write_events(tmp_path / "events", header(ArchSpec(), TrainSpec()), [])
    assert not (tmp_path / "events").exists()
