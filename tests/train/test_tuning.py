"""What ``auto`` comes to, with the clock replaced by a table of times."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_core import ArchSpec, TrainSpec
from resnet_core.train import tuning
from resnet_core.train.tuning import measure_settings, settle

SPEC = ArchSpec(stages=(1, 1, 1), width=4)
Times = dict[tuple[str, str], float]
PLAIN, LAST = ("float32", "contiguous"), ("float32", "channels_last")
HALF, HALF_LAST = ("bfloat16", "contiguous"), ("bfloat16", "channels_last")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Times], list[tuple[str, str]]]:
    """Replaces the time of each candidate's step; what is handed back lists the steps that were taken."""

    def install(times: Times) -> list[tuple[str, str]]:
        taken: list[tuple[str, str]] = []

        def step(_model: Any, numerics: Any, _inputs: Any, _labels: Any) -> tuple[str, str]:
            return (
                "bfloat16" if numerics.bfloat16 else "float32",
                "channels_last" if numerics.channels_last else "contiguous",
            )

        def time(candidate: tuple[str, str], _device: torch.device) -> float:
            taken.append(candidate)
            return times[candidate]

        monkeypatch.setattr(tuning, "_known", {})
        monkeypatch.setattr(tuning, "_step", step)
        monkeypatch.setattr(tuning, "_time", time)
        monkeypatch.setattr(tuning, "has_bfloat16", lambda _device: HALF in times)
        return taken

    return install


@pytest.mark.parametrize(
    ("times", "chosen"),
    [
        ({PLAIN: 1.0, LAST: 0.8}, LAST),
        ({PLAIN: 1.0, LAST: 0.97}, PLAIN),  # 3% are not worth another order of additions
        ({PLAIN: 0.8, LAST: 1.0}, PLAIN),
        ({PLAIN: 1.0, LAST: 0.9, HALF: 0.6, HALF_LAST: 0.4}, HALF_LAST),
        ({PLAIN: 1.0, LAST: 0.9, HALF: 9.0, HALF_LAST: 9.0}, LAST),
    ],
)
def test_the_fastest_is_taken_if_it_wins_by_a_twentieth(clock: Any, times: Times, chosen: tuple[str, str]) -> None:
    clock(times)
    settled = settle(SPEC, TrainSpec())
    assert (settled.precision, settled.memory_format) == chosen
    assert settled == TrainSpec(precision=chosen[0], memory_format=chosen[1])


def test_who_is_over_twice_as_slow_gets_one_step(clock: Any) -> None:
    taken = clock({PLAIN: 1.0, LAST: 0.9, HALF: 2.5, HALF_LAST: 30.0})
    found = measure_settings([SPEC], TrainSpec())
    assert (taken.count(HALF), taken.count(HALF_LAST)) == (1, 1)
    assert taken.count(PLAIN) == taken.count(LAST) > 1
    assert found.rates == {"float32 contiguous": 128.0, "float32 channels_last": pytest.approx(128 / 0.9)}


def test_what_is_not_left_open_is_kept_and_not_measured(clock: Any) -> None:
    taken = clock({PLAIN: 1.0, LAST: 0.5, HALF: 0.1, HALF_LAST: 0.1})
    fixed = TrainSpec(precision="float32", memory_format="contiguous")
    assert settle(SPEC, fixed) is fixed
    assert taken == []
    assert settle(SPEC, TrainSpec(precision="float32")).memory_format == "channels_last"
    assert set(taken) == {PLAIN, LAST}


def test_those_who_race_get_what_is_fastest_for_all_together(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One network gains a tenth of a second, the other loses two."""
    clock({PLAIN: 1.0, LAST: 1.0})
    times = iter([{PLAIN: 1.0, LAST: 0.9}, {PLAIN: 1.0, LAST: 1.2}])
    monkeypatch.setattr(tuning, "_measure", lambda *_args: next(times))
    found = measure_settings([SPEC, SPEC.with_(skip=False)], TrainSpec())
    assert (found.precision, found.memory_format) == PLAIN
    assert found.rates["float32 contiguous"] == 128.0


def test_the_answer_is_kept_for_the_same_question_alone(clock: Any, tmp_path: Path) -> None:
    clock({PLAIN: 1.0, LAST: 0.5})
    first = measure_settings([SPEC], TrainSpec())
    taken = clock({PLAIN: 0.5, LAST: 1.0})  # forgets what this process knows, not what the file says
    assert measure_settings([SPEC], TrainSpec(epochs=3, seed=5, learning_rate=0.1)) == first
    assert taken == []
    assert measure_settings([SPEC], TrainSpec(batch_size=64)).memory_format == "contiguous"
    assert measure_settings([SPEC.with_(skip=False)], TrainSpec()).memory_format == "contiguous"
    kept = json.loads((tmp_path / "data" / "tuning.json").read_text())
    assert len(kept) == 3


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"x": 1}'])
def test_a_broken_file_is_measured_anew(clock: Any, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "data" / "tuning.json"
    path.parent.mkdir()
    path.write_text(damage)
    clock({PLAIN: 1.0, LAST: 0.5})
    assert settle(SPEC, TrainSpec()).memory_format == "channels_last"
    assert len(json.loads(path.read_text())) >= 1
    for values in ("null", "{}", "3", '{"precision": "float64", "memory_format": "contiguous", "rates": {}}'):
        (key,) = (name for name in json.loads(path.read_text()) if name != "x")
        path.write_text(f'{{"{key}": {values}}}')
        clock({PLAIN: 1.0, LAST: 0.5})
        assert settle(SPEC, TrainSpec()).memory_format == "channels_last"


def test_a_folder_that_cannot_be_written_is_no_error(
    clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESNET_EXPLORER_DATA", str(tmp_path / "file" / "folder"))
    taken = clock({PLAIN: 1.0, LAST: 0.5})
    assert settle(SPEC, TrainSpec()).memory_format == "channels_last"
    before = len(taken)
    assert settle(SPEC, TrainSpec()).memory_format == "channels_last"
    assert len(taken) == before  # within one program the answer stands


def test_without_a_fake_clock_it_measures_this_machine() -> None:
    found = measure_settings([SPEC], TrainSpec())
    assert f"{found.precision} {found.memory_format}" in found.rates
    assert found.rates["float32 contiguous"] > 0


def test_bfloat16_is_left_out_where_nothing_multiplies_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "amx_bf16": False})
    assert not tuning.has_bfloat16("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert tuning.has_bfloat16("cpu")
