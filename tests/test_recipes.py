"""The named recipes, against what their sources say."""

import pytest

from resnet_core import Refusal, TrainSpec
from resnet_core.recipes import recipe, recipes


def test_the_quick_one_is_the_default() -> None:
    assert recipe("quick") == TrainSpec()
    assert next(iter(recipes())) == "quick"


def test_the_paper_s_numbers() -> None:
    """arXiv:1512.03385, section 4.2."""
    how = recipe("paper")
    assert (how.data, how.batch_size, how.steps, how.augmentation) == ("cifar10", 128, 64_000, "shift_flip")
    assert (how.optimizer, how.learning_rate, how.momentum, how.weight_decay) == ("sgd", 0.1, 0.9, 1e-4)
    assert [how.steps * drop / 100 for drop in how.drops] == [32_000, 48_000]
    assert (how.nesterov, how.precision, how.warmup_steps) == (False, "float32", 0)
    assert how.differences(recipe("paper110")) == {"warmup_steps": (0, 400), "warmup": ("linear", "constant")}


def test_every_row_has_a_title_and_a_source() -> None:
    for name, row in recipes().items():
        assert row.name == name
        assert row.title
        assert "arXiv:" in row.source
        assert row.spec == TrainSpec(**row.spec.model_dump(mode="json"))


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refusal, match="near to it: paper") as refused:
        recipe("papr")
    assert refused.value.field == "recipe"
