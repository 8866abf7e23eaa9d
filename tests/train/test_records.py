"""Records survive JSON, also where a number is not finite; files of earlier and of newer versions are read."""

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resnet_core
from resnet_core.jobs.tasks import RECORDS
from resnet_core.records import Provenance, Record, dumps, from_dict, from_json, from_line, to_dict, to_json, to_line
from resnet_core.train.records import SCALARS, SIGNALS, RunHeader, StepRecord

STEP = {
    "step": 3, "epoch": 1, "loss": 2.25, "train_accuracy": 0.125, "learning_rate": 0.1, "images_per_s": 99.5,
    "time_s": 0.25, "gradient_norms": (1.5, 1e-30),
}  # fmt: skip
RECORD = StepRecord(**STEP, test_accuracy=0.5, test_loss=2.0)  # type: ignore[arg-type]
HEADER = RunHeader(
    arch={"skip": True, "stages": [1, 1]}, fitted={}, train={"epochs": 2}, unit_names=("layer1.0",), steps=22,
    steps_per_epoch=11, device="cpu", device_name="x", threads=1, versions={"torch": "2"}, seed=0,
    started_at="2026-01-01T00:00:00+00:00",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested(Record):
    """A record that holds others, as a checkpoint does."""

    steps: tuple[StepRecord, ...] = ()


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def test_records_come_back_equal() -> None:
    assert from_json(StepRecord, to_json(RECORD)) == RECORD
    assert from_dict(StepRecord, to_dict(RECORD)) == RECORD
    assert from_json(RunHeader, to_json(HEADER)) == HEADER
    assert from_json(Nested, to_json(Nested(steps=(RECORD, RECORD)))).steps == (RECORD, RECORD)


@given(st.lists(st.floats(), min_size=1, max_size=5), st.none() | st.floats())
def test_every_float_survives_strict_json_to_the_last_bit(values: list[float], tested: float | None) -> None:
    record = StepRecord(**{**STEP, "loss": values[0], "update_ratios": tuple(values), "test_loss": tested})  # type: ignore[arg-type]
    json.loads(to_json(record), parse_constant=refuse)
    assert repr(from_json(StepRecord, to_json(record))) == repr(record)  # a NaN is not equal to itself


def test_a_line_is_the_same_in_a_pipe_and_in_a_file() -> None:
    line = to_line(RECORD)
    assert line == b'{"kind":"StepRecord","record":' + to_json(RECORD).encode() + b"}"
    assert from_line(RECORDS, line) == from_line(RECORDS, line + b"\n") == RECORD
    with pytest.raises(KeyError):
        from_line(RECORDS, b'{"kind":"Other","record":{}}')
    for broken in (b"", b"[1]", line[:-1], line[:40], b'{"kind":"StepRecord","record":{"step":1}}', b"\xff" + line):
        with pytest.raises(ValueError, match=r"."):
            from_line(RECORDS, broken)


def test_null_in_a_file_of_an_earlier_version_is_nan_where_there_must_be_a_number() -> None:
    text = json.dumps({**STEP, "loss": None, "gradient_norms": [None, 1.0, None], "test_loss": None})
    for read in (from_json(StepRecord, text), from_json(Nested, f'{{"steps":[{text}]}}').steps[0]):
        assert math.isnan(read.loss)
        assert repr(read.gradient_norms) == "(nan, 1.0, nan)"
        assert (read.test_loss, read.step) == (None, 3)
    assert math.isnan(from_line(RECORDS, b'{"kind":"StepRecord","record":%b}\n' % text.encode()).loss)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="step"):
        from_json(StepRecord, json.dumps({**STEP, "loss": None, "step": None}))


def test_a_header_of_an_earlier_version_is_read() -> None:
    known = to_dict(HEADER)
    for later in ("time_s", "precision", "memory_format", "compiled", "classes", "seconds"):
        known.pop(later)
    assert from_dict(RunHeader, known) == HEADER


def test_a_field_of_a_newer_program_is_left_out() -> None:
    assert from_json(StepRecord, to_json(RECORD)[:-1] + ',"colour":"red"}') == RECORD


def test_plain_values_with_records_among_them_are_strict_json() -> None:
    text = dumps({"run": RECORD, "rest": [math.inf, -math.inf, math.nan, None, "é"]})
    told = json.loads(text, parse_constant=refuse)
    assert told["rest"] == ["Infinity", "-Infinity", "NaN", None, "é"]
    assert from_dict(StepRecord, told["run"]) == RECORD


def test_every_field_of_a_step_is_a_single_value_a_signal_by_unit_or_the_answers() -> None:
    assert sorted((*SCALARS, *SIGNALS, "answers")) == sorted(field.name for field in fields(StepRecord))
    assert all(getattr(RECORD, name) == () for name in SIGNALS if name != "gradient_norms")
    assert len({signal.column for signal in SIGNALS.values()}) == len(SIGNALS)


def test_nothing_but_the_table_and_the_measurement_names_a_signal() -> None:
    root = Path(resnet_core.__file__).parents[1]
    sources = [
        path for folder in ("app", "resnet_core") for kind in ("*.py", "*.js") for path in (root / folder).rglob(kind)
    ]
    naming = {path.name for path in sources for name in SIGNALS if name in path.read_text(encoding="utf-8")}
    assert naming == {"records.py", "instruments.py"}


def test_what_has_a_seed_and_a_device_has_all_of_a_provenance() -> None:
    for kind in RECORDS.values():
        names = {field.name for field in fields(kind)}
        assert issubclass(kind, Provenance) or not names & {"seed", "device", "versions"}, kind
