"""Records survive JSON, also where a number is not finite."""

import json
import math

from resnet_core.records import from_json, to_json
from resnet_core.train.records import RunHeader, StepRecord

RECORD = StepRecord(
    step=3, epoch=1, loss=2.25, train_accuracy=0.125, learning_rate=0.1, gradient_norms=(1.5, 1e-30), images_per_s=99.5,
    time_s=0.25, test_accuracy=0.5, test_loss=2.0,
)  # fmt: skip
HEADER = RunHeader(
    arch={"skip": True, "stages": [1, 1]}, fitted={}, train={"epochs": 2}, unit_names=("layer1.0",), steps=22,
    steps_per_epoch=11, device="cpu", device_name="x", threads=1, versions={"torch": "2"}, seed=0,
    started_at="2026-01-01T00:00:00+00:00",
)  # fmt: skip


def test_records_come_back_equal() -> None:
    assert from_json(StepRecord, to_json(RECORD)) == RECORD
    assert from_json(RunHeader, to_json(HEADER)).unit_names == ("layer1.0",)
    assert from_json(RunHeader, to_json(HEADER)).train == {"epochs": 2}


def test_what_is_not_finite_is_null_in_json_and_nan_when_read() -> None:
    broken = StepRecord(
        step=1, epoch=1, loss=math.nan, train_accuracy=0.0, learning_rate=1.0, gradient_norms=(math.inf, 1.0),
        images_per_s=1.0, time_s=1.0,
    )  # fmt: skip
    text = to_json(broken)

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    assert json.loads(text, parse_constant=refuse)["gradient_norms"] == [None, 1.0]
    read = from_json(StepRecord, text)
    assert math.isnan(read.loss)
    assert math.isnan(read.gradient_norms[0])
    assert read.gradient_norms[1] == 1.0
    assert read.test_accuracy is None


def test_a_field_of_a_newer_program_is_left_out() -> None:
    assert from_json(StepRecord, to_json(RECORD)[:-1] + ',"colour":"red"}') == RECORD
