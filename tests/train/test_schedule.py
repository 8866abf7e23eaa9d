"""The learning rate, against torch's scheduler and the papers' words."""

import math

import pytest
import torch

from resnet_core import TrainSpec
from resnet_core.train.schedule import length_in_steps, progress_at, rate


def rates(how: TrainSpec) -> list[float]:
    return [rate(how, progress_at(how, step), step) for step in range(1, length_in_steps(how) + 1)]


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0), (2, 0), (7, 0), (110, 0), (113, 13), (997, 0)])
def test_one_cycle_is_torch_s_to_the_last_bit(steps: int, warmup: int) -> None:
    how = TrainSpec(steps=steps, warmup_steps=warmup)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=how.learning_rate)
    torch_s = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=how.learning_rate, total_steps=steps - warmup, cycle_momentum=False
    )
    expected = []
    for _ in range(steps - warmup):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(expected) < steps - warmup:
            torch_s.step()
    assert rates(how)[warmup:] == expected


def test_the_paper_s_steps_fall_after_32_and_48_thousand() -> None:
    how = TrainSpec(steps=64_000, schedule="step", drops="50,75", learning_rate=0.1)
    at = rates(how)
    assert at[:32_000] == [0.1] * 32_000
    assert at[32_000:48_000] == [0.1 / 10] * 16_000
    assert at[48_000:] == [0.1 / 100] * 16_000
    # Not one step early or late where a hundredth has no exact binary form.
    odd = rates(TrainSpec(steps=700, schedule="step", drops="29,", learning_rate=1.0))
    assert odd.index(0.1) == 203


def test_half_a_cosine_starts_at_the_peak_and_is_half_of_it_in_the_middle() -> None:
    at = rates(TrainSpec(steps=100, schedule="cosine", learning_rate=0.4))
    assert at[0] == 0.4
    assert at[50] == pytest.approx(0.2)
    assert at[75] == pytest.approx(0.2 * (1 - math.sqrt(0.5)))
    assert at == sorted(at, reverse=True)


def test_a_warm_up_comes_before_what_the_schedule_counts() -> None:
    linear = rates(TrainSpec(steps=20, schedule="constant", learning_rate=0.5, warmup_steps=10))
    assert linear == [pytest.approx(0.05 * step) for step in range(1, 11)] + [0.5] * 10
    tenth = rates(
        TrainSpec(steps=8, schedule="step", drops="50,", learning_rate=1.0, warmup_steps=4, warmup="constant")
    )
    assert tenth == [0.1] * 4 + [1.0] * 2 + [0.1] * 2


def test_under_a_budget_of_time_the_share_of_it_decides() -> None:
    how = TrainSpec(seconds=60, learning_rate=1.0)
    assert length_in_steps(how) == 0
    at = [rate(how, share / 100, step=1 + share) for share in range(101)]
    assert (at[0], at[30], at[100]) == (pytest.approx(1 / 25), 1.0, pytest.approx(1 / 25e4))
    assert at[:31] == sorted(at[:31])
    assert at[30:] == sorted(at[30:], reverse=True)


def test_seconds_come_before_steps_and_steps_before_epochs() -> None:
    assert length_in_steps(TrainSpec(epochs=3)) == 33
    assert length_in_steps(TrainSpec(epochs=3, steps=5)) == 5
    assert length_in_steps(TrainSpec(epochs=3, steps=5, seconds=1)) == 0
