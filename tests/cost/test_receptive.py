"""The receptive field: the published values, and on random networks where the gradient really falls."""

import pytest
import torch
from hypothesis import given, settings

from resnet_core import ArchSpec, build, plan, preset
from resnet_core.cost.receptive import Box, Field, receptive_fields
from tests.strategies import arch_specs


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet18", 435), ("resnet34", 899), ("resnet50", 427), ("resnet101", 971), ("resnet152", 1451),
        ("resnet50_v1", 483), ("resnet101_v1", 1027), ("resnet152_v1", 1507),
        ("cifar20", 81), ("cifar56", 249), ("cifar110", 501), ("plain56", 249),
    ],
)  # fmt: skip
def test_the_last_block_sees_what_was_published(name: str, size: int) -> None:
    """Distill, doi:10.23915/distill.00021, its table of ResNets, and the same formula for those of CIFAR."""
    last = receptive_fields(plan(preset(name)))[-1]
    assert (last.size, last.stride) == (size, 32 if name.startswith("resnet") else 4)


def test_a_box_lies_within_the_image() -> None:
    field = Field().through(3, 1, 1).through(3, 2, 1)
    assert field == Field(-2, 5, 2)
    assert field.box(0, 1, 8, 8) == Box(0, 0, 3, 5)
    assert field.box(3, 3, 8, 6) == Box(4, 4, 8, 6)
    assert field._replace(whole=True).box(0, 0, 8, 6) == Box(0, 0, 8, 6)
    assert Field(-4, 9, 2).joined(Field(0, 1, 2)) == Field(-4, 9, 2)
    assert Field(0, 3, 2).joined(Field(-1, 2, 2)) == Field(-1, 4, 2)


def test_squeeze_and_excitation_sees_all_of_the_image() -> None:
    fields = receptive_fields(plan(preset("cifar20").with_(attention="se")))
    assert all(field.whole for field in fields)
    assert fields[0].box(5, 5, 32, 32) == Box(0, 0, 32, 32)


@settings(max_examples=30, deadline=None)
@given(arch_specs(norm="none", branch_dropout=0.0, stochastic_depth=0.0, shortcut="identity"))
def test_no_gradient_falls_outside_and_some_on_each_edge(spec: ArchSpec) -> None:
    """Autograd is the witness: with positive weights and no ReLU that cuts, each pixel of the field moves the value."""
    spec = spec.with_(residual_scale=1.0, image_size=40)
    model = build(spec).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(0.1)
    image = torch.rand(1, spec.in_channels, 40, 40, dtype=torch.float64, requires_grad=True)
    seen: list[torch.Tensor] = []
    for unit in model.double().units:
        unit.register_forward_hook(lambda _unit, _args, output: seen.append(output))
    model(image)
    for field, output in zip(receptive_fields(plan(spec)), seen, strict=True):
        row, column = output.shape[2] // 2, output.shape[3] // 2
        value = output[0, :, row, column].sum()
        (gradient,) = torch.autograd.grad(value, image, retain_graph=True)
        touched = gradient[0].abs().sum(0) > 0
        top, left, bottom, right = field.box(row, column, 40, 40)
        assert touched[top:bottom, left:right].sum() == touched.sum(), "nothing outside"
        if not field.whole and spec.stem == "cifar":  # a max-pooling passes on only the largest value
            rows, columns = touched.any(1).nonzero(), touched.any(0).nonzero()
            edges = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
            assert edges == (top, left, bottom, right)
