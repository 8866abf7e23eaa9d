"""Devices, present and absent."""

import time
from importlib.metadata import version

import pytest
import torch

from resnet_core import Refusal, devices
from resnet_core.records import Provenance


def test_the_cpu_is_always_there_and_has_a_name() -> None:
    assert devices.available()[0] == "cpu"
    assert devices.resolve("cpu") == torch.device("cpu")
    assert devices.device_name("cpu")


def test_an_absent_device_is_refused_with_those_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(Refusal) as refused:
        devices.resolve("cuda")
    assert str(refused.value) == "cuda was asked for, but this machine has no CUDA device; available: cpu."
    assert refused.value.field == "device"


def test_a_step_s_random_numbers_depend_on_seed_and_step_and_leave_the_caller_s_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    drawn = []
    for seed, step in ((0, 1), (0, 1), (0, 2), (1, 1)):
        with devices.repeatable(torch.device("cpu"), seed, step):
            drawn.append(torch.rand(4).tolist())
    assert drawn[0] == drawn[1]
    assert len({tuple(numbers) for numbers in drawn}) == 3
    assert torch.equal(torch.rand(3), expected)


def test_one_place_fills_what_every_measurement_says_of_itself() -> None:
    started = time.perf_counter()
    told = Provenance(**devices.provenance("cpu", 3, started, "pydantic"))
    assert (told.seed, told.device, told.threads) == (3, "cpu", torch.get_num_threads())
    assert told.versions["pydantic"] == version("pydantic")
    assert 0 < told.time_s <= time.perf_counter() - started
