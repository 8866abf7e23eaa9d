"""What each block puts out, against the training's own instruments and against the tensors themselves."""

from typing import Any

import pytest
import torch

from resnet_core import ArchSpec, Refusal, TrainSpec, build
from resnet_core.probe.activations import STUDY, Activations, measure
from resnet_core.study import OnImages, Subject, unheard
from resnet_core.train import data, loop
from resnet_core.train.facts import fit

SMALL = ArchSpec(stages=(1, 2, 1), width=4)
pytestmark = pytest.mark.usefixtures("one_thread")


def measured(spec: ArchSpec, **options: Any) -> Activations:
    (found,) = measure([Subject("net", spec)], OnImages(**options), unheard)
    return found


@pytest.mark.parametrize("changes", [{}, {"skip": False}, {"ordering": "full_preact", "shortcut": "dropout"}])
def test_it_is_what_the_first_step_of_the_training_puts_out(changes: dict[str, object]) -> None:
    spec = SMALL.with_(**changes)
    first = next(loop.train(spec, TrainSpec(seed=3, precision="float32", memory_format="contiguous")))
    found = measured(spec, seed=3)
    assert found.names == ("layer1.0", "layer2.0", "layer2.1", "layer3.0")
    assert found.means == pytest.approx(first.activation_means, rel=1e-4)
    assert found.stds == pytest.approx(first.activation_stds, rel=1e-3)


@pytest.mark.parametrize("ordering", ["original", "full_preact"])
def test_zeros_are_counted_after_a_relu_whether_the_block_has_one_or_not(ordering: str) -> None:
    spec = fit(SMALL.with_(ordering=ordering), "digits")
    found = measured(spec, batch_size=32)
    model, images = build(spec).train(), data.load("digits")
    seen: list[torch.Tensor] = []
    for unit in model.units:
        unit.register_forward_hook(lambda _unit, _args, output: seen.append(torch.relu(output)))
    with torch.no_grad():
        model(images.train_batch(next(data.batches(images, epoch=1, seed=0, batch_size=32)))[0])
    assert found.zeros == pytest.approx([(output == 0).double().mean().item() for output in seen])
    assert all(0 < share < 1 for share in found.zeros)


def test_the_signal_of_a_network_without_normalisation_grows_with_skips_and_not_without() -> None:
    """arXiv:1502.01852: the first weights keep the size of the signal; each shortcut adds to it."""
    residual, plain = (measured(ArchSpec(norm="none", skip=skip)).stds for skip in (True, False))
    assert residual[-1] / residual[0] > 100
    assert plain[-1] / plain[0] < 10


def test_what_does_not_fit_is_refused_before_a_child_is_asked() -> None:
    huge = Subject("huge", ArchSpec(stages=(1, 1, 1), width=1024, block="bottleneck"))
    with pytest.raises(Refusal, match="GB"):
        STUDY.refuse([huge], OnImages(data="shapes", side=224, batch_size=4096))
