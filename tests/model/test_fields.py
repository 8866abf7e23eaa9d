"""What single fields promise, on the running module: the claims of their sources."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_core import ArchSpec, Refusal, build, count, plan, preset
from resnet_core.model.modules import LearnedScale, StochasticDepth
from resnet_core.model.network import ResNet
from resnet_core.spec import ARCH_FIELDS

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = ArchSpec(stages=(2, 3), width=8, image_size=12)


def _step(model: ResNet) -> list[Tensor]:
    """The gradients at the input of each block, of one step in training mode on fixed images."""
    source = torch.Generator().manual_seed(0)
    images = torch.randn(4, model.spec.in_channels, *model.spec.image_shape, generator=source)
    inputs: list[Tensor] = []
    handles = [unit.register_forward_pre_hook(lambda _unit, given: inputs.append(given[0])) for unit in model.units]
    loss = functional.cross_entropy(model.train()(images), torch.arange(4))
    gradients = torch.autograd.grad(loss, inputs, retain_graph=True)
    loss.backward()
    for handle in handles:
        handle.remove()
    return list(gradients)


@pytest.mark.parametrize("ordering", ARCH_FIELDS["ordering"].choices)
@pytest.mark.parametrize("shortcut", ["identity", "exclusive_gating"])
def test_all_blocks_cut_is_the_plain_network_to_the_bit(ordering: str, shortcut: str) -> None:
    spec = SMALL.with_(ordering=ordering, shortcut=shortcut, zero_init_residual=True, residual_scale=0.5)
    cut, plain = build(spec.with_(cut="1-5"), seed=2), build(spec.with_(skip=False), seed=2)
    assert plan(cut.spec).layers == plan(plain.spec).layers
    for mine, theirs in zip(_step(cut), _step(plain), strict=True):
        assert torch.equal(mine, theirs)
    gradients = {name: weight.grad for name, weight in plain.named_parameters()}
    for name, weight in cut.named_parameters():
        assert torch.equal(weight, plain.get_parameter(name))
        assert weight.grad is not None
        assert torch.equal(weight.grad, gradients.pop(name))
    assert not gradients


def test_one_cut_takes_one_shortcut_and_leaves_every_weight() -> None:
    spec = SMALL.with_(projection="B")
    whole, cut = plan(spec), plan(spec.with_(cut=(4,)))
    assert [unit.body.addition is None for unit in cut.units] == [False, False, False, True, False]
    assert count(spec.with_(cut=(4,))).additions == 4
    assert len(whole) - len(cut) == 1
    cut_first = plan(spec.with_(cut=(3,)))  # the block that has a projection loses it
    assert len(whole) - len(cut_first) == 3
    here, there = build(spec, seed=1).state_dict(), build(spec.with_(cut=(3, 4)), seed=1).state_dict()
    assert set(here) - set(there) == {name for name in here if "layer2.0.downsample" in name}
    assert all(torch.equal(here[name], there[name]) for name in there)


@pytest.mark.parametrize("ordering", ["original", "full_preact"])
def test_a_residual_scale_of_zero_makes_every_block_the_identity(ordering: str) -> None:
    """arXiv:2002.10444, section 4; arXiv:2003.04887, section 3."""
    model = build(SMALL.with_(ordering=ordering, residual_scale=0.0, norm="none", block="basic"), seed=3)
    x = torch.randn(2, 8, 12, 12).relu()
    assert torch.equal(model.units[1](x), x)
    norms = [float(gradient.norm()) for gradient in _step(model)]
    on_first_map, on_second_map = norms[:3], norms[3:]
    assert len(set(on_first_map)) == len(set(on_second_map)) == 1, "equal to the last bit"
    scale = model.get_submodule("layer1.0.alpha")
    assert isinstance(scale, LearnedScale)
    assert scale.weight.grad is not None
    assert scale.weight.grad.abs().sum() > 0, "and it can leave zero"


def test_stochastic_depth_is_linear_over_the_blocks_and_scales_at_test_time() -> None:
    """arXiv:1603.09382, equations 4 and 5: 110 layers, 54 blocks, p_L = 0.5."""
    spec = ArchSpec().with_(depth=110, stochastic_depth=0.5)
    assert count(spec).blocks_on_average == pytest.approx(40.25, abs=1e-12)
    assert count(spec).params == count(ArchSpec().with_(depth=110)).params
    assert (spec.stays(1), spec.stays(54)) == (1 - 0.5 / 54, 0.5)
    assert spec.with_(cut=(54,)).stays(54) == 1
    drop = StochasticDepth(0.25)
    x = torch.ones(1000, 2, 1, 1)
    assert torch.equal(drop.eval()(x), 0.25 * x)
    torch.manual_seed(0)
    kept = [float(drop.train()(x).mean()) for _ in range(400)]
    assert set(kept) == {0.0, 1.0}, "for a whole batch"
    assert sum(kept) / 400 == pytest.approx(0.25, abs=0.08)


@pytest.mark.parametrize(("width", "groups"), [(64, 32), (16, 16), (48, 24), (7, 7), (33, 11)])
def test_groupnorm_has_32_groups_or_one_a_channel_where_fewer(width: int, groups: int) -> None:
    layers = plan(ArchSpec(norm="group", width=width, stages=(1,)))
    assert {layer.groups for layer in layers if layer.op == "gn"} == {groups}
    module = build(layers.spec).get_submodule("bn1")
    assert isinstance(module, nn.GroupNorm)
    assert module.num_groups == groups


def test_a_group_of_one_number_is_refused_where_it_would_run() -> None:
    dead = ArchSpec(norm="group", width=4, image_size=1, stages=(1,))
    assert count(dead).params > 0
    with pytest.raises(Refusal, match="4 groups of a single number each"):
        build(dead)


def test_dropout_stands_right_before_the_second_3x3() -> None:
    """arXiv:1605.07146, section 3.3: between convolutions and after ReLU."""
    for ordering in ARCH_FIELDS["ordering"].choices:
        branch = plan(SMALL.with_(ordering=ordering, branch_dropout=0.3)).units[1].body.part("branch")
        names = [layer.name for layer in branch]
        assert names[names.index("branch_dropout") - 1 : names.index("branch_dropout") + 2] == [
            "relu2" if ordering in ("relu_only_preact", "full_preact") else "relu1", "branch_dropout", "conv2"
        ]  # fmt: skip


@pytest.mark.parametrize(("channels", "between"), [(16, 8), (64, 8), (256, 16), (512, 32), (1024, 64), (192, 16)])
def test_the_squeeze_is_a_sixteenth_in_steps_of_eight(channels: int, between: int) -> None:
    body = plan(ArchSpec(attention="se", width=channels, stages=(1,))).units[0].body
    assert [layer.out_shape[0] for layer in body.part("attention")] == [channels, between, between, *[channels] * 3]


def test_projection_d_averages_before_it_projects() -> None:
    spec = preset("resnet50d").with_(image_size=75)
    unit = build(spec).eval().units[3]
    (pool, conv, norm) = unit.get_submodule("downsample").children()
    x = torch.randn(2, *plan(spec).units[3].body.in_shape)
    assert x.shape[-1] == 19, "an odd map"
    pooled = functional.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
    assert torch.equal(pool(x), pooled)
    assert torch.equal(unit.get_submodule("downsample")(x), norm(conv(pooled)))


def test_an_operator_without_a_row_is_an_error() -> None:
    layers = plan(SMALL)
    first, *others = layers.stem.layers
    stem = layers.stem._replace(layers=(first._replace(op="swish"), *others))  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="swish"):
        ResNet(replace(layers, stem=stem))
