"""The optimisers against torch's classes of the same name."""

from collections.abc import Callable

import pytest
import torch

from resnet_core import ArchSpec, TrainSpec
from resnet_core.model.network import build
from resnet_core.train.facts import fit
from resnet_core.train.optimizers import optimizer_of

SPEC = fit(ArchSpec(stages=(2, 1, 1), width=8), "digits")
HOW = TrainSpec(learning_rate=0.1, weight_decay=1e-4, precision="float32", memory_format="contiguous")
Torch = Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]


@pytest.mark.parametrize(
    ("how", "of_torch"),
    [
        (HOW, lambda of: torch.optim.SGD(of, momentum=0.9, weight_decay=1e-4, foreach=False)),
        (HOW.with_(momentum=0.0), lambda of: torch.optim.SGD(of, weight_decay=1e-4, foreach=False)),
        (
            HOW.with_(nesterov=True),
            lambda of: torch.optim.SGD(of, momentum=0.9, weight_decay=1e-4, nesterov=True, foreach=False),
        ),
        (
            HOW.with_(optimizer="adamw", momentum=0.8),
            lambda of: torch.optim.AdamW(of, betas=(0.8, 0.999), weight_decay=1e-4, foreach=False),
        ),
    ],
    ids=["momentum", "plain", "nesterov", "adamw"],
)
def test_it_moves_the_weights_as_torch_does(how: TrainSpec, of_torch: Torch) -> None:
    """To the last bit of one tensor after the other for SGD, but for the last one for AdamW, which is fused here."""
    ours = optimizer_of(how, build(SPEC, 2))
    theirs = list(build(SPEC, 2).parameters())
    torch_s = of_torch(theirs)
    draw = torch.Generator().manual_seed(0)
    for step in range(4):
        rate = 0.1 / (1 + step)
        for a, b in zip(ours.weights, theirs, strict=True):
            a.grad = torch.randn(a.shape, generator=draw)
            b.grad = a.grad.clone()
        ours.weights[3].grad = theirs[3].grad = None if step == 2 else theirs[3].grad  # a weight that took no part
        for group in torch_s.param_groups:
            group["lr"] = rate
        torch_s.step()
        ours.step(rate)
    for a, b in zip(ours.weights, theirs, strict=True):
        assert torch.equal(a, b) if how.optimizer == "sgd" else torch.allclose(a, b, rtol=1e-5, atol=1e-6)
    ours.zero_grad()
    assert all(weight.grad is None for weight in ours.weights)
