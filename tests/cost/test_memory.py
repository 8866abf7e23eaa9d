"""The estimate of a training's memory, and its refusal before anything is allocated."""

import pytest

from resnet_core import ArchSpec, Refusal, count, preset
from resnet_core.cost.memory import RUNTIME_BYTES, refuse_if_too_large, training_memory


def test_the_parts_are_those_of_a_training_step() -> None:
    ledger = count(preset("cifar56"))
    memory = training_memory(ledger, batch_size=128)
    assert memory.parameters == memory.gradients == memory.momentum == 4 * 853_018
    assert memory.saved_activations == 128 * ledger.saved_bytes
    assert memory.workspace == 3 * 128 * 4 * 16 * 32 * 32
    assert memory.runtime == RUNTIME_BYTES
    assert memory.total == sum(memory)


def test_a_larger_batch_takes_more_activations_and_no_more_weights() -> None:
    one, two = (training_memory(count(preset("resnet50")), batch_size=n) for n in (1, 2))
    assert two.parameters == one.parameters
    assert two.saved_activations == 2 * one.saved_activations
    assert two.workspace == 2 * one.workspace


def test_what_does_not_fit_is_refused_with_the_estimate() -> None:
    spec = preset("resnet152")
    needed = training_memory(count(spec), 64).total
    assert refuse_if_too_large(spec, 64, available=needed).total == needed
    with pytest.raises(Refusal) as refusal:
        refuse_if_too_large(spec, 64, available=needed - 1)
    assert str(refusal.value) == (
        f"This network would take about {needed / 1e9:.1f} GB on 64 images of 224 pixels, and {needed / 1e9:.1f} GB "
        "are free: choose fewer blocks, a smaller width or smaller images."
    )


def test_without_a_figure_the_machine_is_asked() -> None:
    assert refuse_if_too_large(ArchSpec(stages=(1,), width=1, image_size=1), 2).total > RUNTIME_BYTES
    with pytest.raises(Refusal, match="GB are free"):
        refuse_if_too_large(ArchSpec(stages=(400,) * 3, width=1024, image_size=1024), 1024)
