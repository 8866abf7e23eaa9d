"""One image inside a network: against the module itself, against autograd, and against the definitions."""

import math
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, reject, settings
from torch import Tensor, nn
from torch.nn import functional

from resnet_core import ArchSpec, Refusal, build, plan, preset
from resnet_core.layer import INPUT
from resnet_core.probe import inside, opened, prepared
from resnet_core.probe.inside import STUDY, Inside, InsideOptions
from resnet_core.probe.passage import replayed
from resnet_core.probe.picture import Picture
from resnet_core.probe.pictures import picture
from resnet_core.probe.prepared import participation
from resnet_core.records import from_json, to_json
from resnet_core.study import Subject, unheard
from resnet_core.train import data
from resnet_core.train.facts import fit
from tests.strategies import arch_specs

SMALL = ArchSpec(stages=(1, 2, 1), width=4)
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    prepared._kept.clear()
    yield
    prepared._kept.clear()


def seen(spec: ArchSpec, **options: Any) -> Inside:
    (found,) = inside.measure([Subject("net", spec)], InsideOptions(**options), unheard)
    return found


def network(spec: ArchSpec, **options: Any) -> tuple[nn.Module, Any]:
    """The very module that was measured."""
    ready = prepared.prepared(Subject("net", spec), InsideOptions(**options), unheard)
    return ready.bench.model, ready


@pytest.mark.parametrize("changes", [{}, {"skip": False}, {"ordering": "full_preact", "projection": "B"}])
def test_the_answer_and_the_gradient_are_those_of_the_module(changes: dict[str, Any]) -> None:
    found = seen(SMALL.with_(**changes), image=7)
    model, ready = network(SMALL.with_(**changes), image=7)
    assert not model.training
    pixels, label = ready.bench.images.test_batch(slice(7, 8))
    inputs: list[Tensor] = []
    handles = [unit.register_forward_pre_hook(lambda _unit, args: inputs.append(args[0])) for unit in model.units]
    scores = model(pixels.requires_grad_())
    for handle in handles:
        handle.remove()
    assert list(found.probabilities.values()) == pytest.approx(scores.softmax(1)[0].tolist(), rel=1e-5)
    assert (found.label, found.aim, found.number) == (str(int(label)), str(int(label)), 7)
    loss = functional.cross_entropy(scores, label)
    assert found.loss == pytest.approx(loss.item())
    expected = [gradient.square().mean().sqrt().item() for gradient in torch.autograd.grad(loss, inputs)]
    assert found.gradient_rms == pytest.approx(expected, rel=1e-4)
    assert from_json(Inside, to_json(found)).probabilities == found.probabilities


def test_an_untrained_batchnorm_has_the_statistics_of_the_first_batch() -> None:
    model, ready = network(SMALL, seed=3, batch_size=64)
    images = data.load("digits")
    rows = next(data.batches(images, epoch=1, seed=3, batch_size=64))
    taken: list[Tensor] = []
    handle = model.conv1.register_forward_hook(lambda _module, _given, output: taken.append(output))
    model(images.train_batch(rows)[0])
    handle.remove()
    assert model.bn1.running_mean == pytest.approx(taken[0].mean((0, 2, 3)), abs=1e-6)
    assert model.bn1.running_var == pytest.approx(taken[0].var((0, 2, 3)), rel=1e-5)
    assert ready.compared == 64


def test_the_residual_is_measured_where_it_enters_the_addition() -> None:
    spec = SMALL.with_(projection="B")
    found = seen(spec, image=2)
    model, ready = network(spec, image=2)
    kept: dict[int, dict[str, Tensor]] = {}
    image = ready.bench.images.test_batch(slice(2, 3))[0]
    scores = replayed(model, ready.layers, image, kept.__setitem__)
    assert torch.equal(scores, model(image))
    assert len(kept) == 4 + 2
    values = kept[2]  # the first block of the second stage: its shortcut is projected
    assert values["downsample.1"].shape == values["bn2"].shape
    assert found.residual_shares[1] == pytest.approx(float(values["bn2"].norm() / values["downsample.1"].norm()))
    assert found.residual_shares[2] == pytest.approx(float(kept[3]["bn2"].norm() / kept[3][INPUT].norm()))
    assert seen(SMALL.with_(skip=False)).residual_shares == (None,) * 4
    cut = seen(SMALL.with_(cut="2"))
    assert [share is None for share in cut.residual_shares] == [False, True, False, False]
    assert seen(spec.with_(residual_scale=0.0)).residual_shares == (0.0, 0.0, 0.0, 0.0)


def test_likeness_is_that_of_all_pairs() -> None:
    found = seen(SMALL, batch_size=20)
    model, ready = network(SMALL, batch_size=20)
    taken: list[Tensor] = []
    handle = model.units[1].register_forward_hook(lambda _unit, _given, output: taken.append(output.double()))
    with torch.no_grad():
        model(ready.bench.images.test_batch(slice(0, 20))[0])
    handle.remove()
    flat = functional.normalize(taken[0].flatten(1))
    pairs = [float(flat[i] @ flat[j]) for i in range(20) for j in range(i)]
    assert found.cosines[1] == pytest.approx(sum(pairs) / len(pairs), rel=1e-5)
    pooled = functional.adaptive_avg_pool2d(taken[0], 2).flatten(1)
    eigen = torch.linalg.eigvalsh(torch.cov(pooled.T))
    assert found.dimensions[1] == pytest.approx(float(eigen.sum() ** 2 / eigen.square().sum()), rel=1e-5)


def test_the_participation_ratio_counts_dimensions() -> None:
    directions = torch.eye(6, dtype=torch.float64)
    for count in (1, 2, 5):
        rows = torch.cat([directions[:count], -directions[:count]])
        assert participation(rows) == pytest.approx(count)
        assert participation(1e30 * rows.float()) == pytest.approx(count), "squares beyond float32"
    assert math.isnan(participation(torch.ones(5, 3)))


def test_a_signal_that_has_died_is_no_number() -> None:
    found = seen(SMALL.with_(norm="none", skip=False, ordering="original"), batch_size=8)
    assert all(map(math.isfinite, found.cosines))
    model, ready = network(SMALL, batch_size=8)
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
    cosines, dimensions = prepared.likeness(model, iter([ready.bench.images.test_batch(slice(0, 8))[0]]), lambda: None)
    assert all(map(math.isnan, (*cosines, *dimensions)))


@pytest.mark.parametrize(
    "spec", [preset("cifar20"), preset("preact110").with_(stages=(2, 2)), preset("resnet18")], ids=["20", "pre", "18"]
)
def test_one_value_is_the_sum_that_is_written_out(spec: ArchSpec) -> None:
    for block in (1, len(plan(spec).units)):
        found = seen(spec, image=5, block=block, channel=3, row=0)
        maps = found.maps
        assert maps is not None
        trace = maps.trace
        total = sum(a * b for a, b in zip(trace.inputs, trace.weights, strict=True)) + trace.bias
        assert total == pytest.approx(trace.total, abs=1e-5)
        value = trace.total
        for step in trace.after:
            assert step.given[0] == value or value in step.given, "each goes on from what the one before put out"
            c = step.constants
            expected = {
                "bn": lambda g=step.given, c=c: (
                    (g[0] - c["mean"]) / math.sqrt(c["var"] + c["eps"]) * c["weight"] + c["bias"]
                ),
                "add": lambda g=step.given: g[0] + g[1],
                "relu": lambda g=step.given: max(0.0, g[0]),
            }[step.op]()
            assert step.result == pytest.approx(expected, abs=1e-5)
            value = step.result
        low, high = maps.pictures["output"].low, maps.pictures["output"].high
        assert low <= value <= high


@settings(max_examples=25, deadline=None)
@given(arch_specs())
def test_any_network_can_be_opened_at_any_block(spec: ArchSpec) -> None:
    """Gates, squeeze-and-excitation, groups, scales: whatever stands behind the last convolution is told."""
    spec = fit(spec, "digits")
    try:
        build(spec)
    except Refusal:  # groups of a single number, on so small a map
        reject()
    units = plan(spec).units
    for block in {1, len(units)}:
        found = seen(spec, batch_size=4, block=block)
        prepared._kept.clear()
        maps = found.maps
        assert maps is not None
        body = units[block - 1].body
        assert maps.shapes["x"] == body.in_shape
        assert maps.shapes["output"] == body.out_shape
        assert ("sum" in maps.pictures) is (body.addition is not None)
        assert all(len(one.channels) == maps.shapes[place][0] for place, one in maps.pictures.items())
        trace = maps.trace
        total = sum(a * b for a, b in zip(trace.inputs, trace.weights, strict=True)) + trace.bias
        assert total == pytest.approx(trace.total, rel=1e-3, abs=1e-3)
        if trace.after:
            assert trace.after[0].given[:1] == (trace.total,) or trace.total in trace.after[0].given


def test_the_gradient_of_a_value_falls_within_its_box() -> None:
    """Each position by itself: the values outside are exactly zero, and some are not inside."""
    spec = preset("cifar20").with_(stages=(1, 1))
    for row, column in ((0, 0), (3, 5), (7, 7)):
        found = seen(spec, data="shapes", side=32, batch_size=8, block=1, row=row, column=column)
        maps = found.maps
        assert maps is not None
        assert maps.field == 7
        assert maps.inside == pytest.approx(1.0)
        assert 1 <= maps.side <= maps.field
        top, left, bottom, right = maps.box
        plane = [maps.spread.values[32 * y : 32 * (y + 1)] for y in range(32)]
        outside = [plane[y][x] for y in range(32) for x in range(32) if not (top <= y < bottom and left <= x < right)]
        assert not any(outside)
        assert any(map(any, plane))
    assert seen(spec.with_(attention="se"), batch_size=8, block=2).maps.whole  # type: ignore[union-attr]


def test_the_effective_side_holds_nine_tenths() -> None:
    falls = torch.zeros(9, 9, dtype=torch.float64)
    falls[4, 4] = 9.0
    falls[0, 0] = 1.0
    assert opened._effective_side(falls, 0, 0, 9) == 1
    falls[4, 4] = 8.0
    assert opened._effective_side(falls, 0, 0, 9) == 9
    assert opened._effective_side(torch.zeros(3, 3), 0, 0, 3) == 0


def test_a_drawn_image_goes_through_like_a_test_image() -> None:
    stored = data.load("digits").test_pixels[11, 0]
    drawn = (stored.double() / 16 * 255).round().to(torch.uint8)
    text = b64encode(drawn.numpy().tobytes()).decode()
    own, test = seen(SMALL, pixels=text), seen(SMALL, image=11)
    assert own.probabilities == test.probabilities
    assert (own.label, own.number, own.aim) == ("", None, own.named)
    assert own.shown.values == test.shown.values
    assert own.cosines == test.cosines


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"image": 360}, "There are 360 test images"),
        ({"pixels": "AAAA"}, "8x8 pixels and 1 colours, 64 bytes"),
        ({"pixels": "A" * 85 + "==="}, "cannot be read"),
        ({"pixels": "not base64!"}, "cannot be read"),
        ({"pixels": "A" * 400_000}, "cannot be read"),
        ({"block": 5}, "has 4 blocks; there is no block 5"),
        ({"block": 1, "channel": 4}, "puts out 4 channels of 8x8"),
        ({"block": 4, "row": 2}, "no value at channel 0, row 2"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_a_child_is_asked(options: dict[str, Any], told: str) -> None:
    with pytest.raises(Refusal, match=told):
        STUDY.refuse([Subject("net", SMALL)], InsideOptions(**options))


def test_the_next_image_finds_the_network_ready_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    original = prepared._prepare
    monkeypatch.setattr(prepared, "_prepare", lambda *args: made.append(args[0].name) or original(*args))
    first, again = seen(SMALL, image=1), seen(SMALL, image=1)
    assert made == ["net"]
    assert again.probabilities == first.probabilities
    assert again.time_s > 0
    assert seen(SMALL, image=2).number == 2
    assert len(made) == 1
    seen(SMALL, seed=1)
    seen(SMALL, batch_size=16)
    assert len(made) == 3
    for width in (5, 6, 7):
        seen(SMALL.with_(width=width))
    assert len(prepared._kept) == prepared.MOST_KEPT
    seen(SMALL, image=1)
    assert len(made) == 7, "the oldest had to go"
    monkeypatch.setattr(prepared, "MOST_BYTES", 1)
    seen(SMALL, image=1)
    assert len(prepared._kept) == 1


def test_a_picture_gives_its_values_back_within_its_scale() -> None:
    values = torch.tensor([[[0.0, 1.0], [2.0, 5.1]], [[math.nan, -1.0], [math.inf, 0.0]]])
    one = picture(values, 16)
    assert (one.low, one.high, one.height, one.width, one.shrink) == (-1.0, pytest.approx(5.1), 2, 2, 1)
    back = [one.low + (one.high - one.low) * byte / 255 for byte in one.values]
    assert back[:4] == pytest.approx([0.0, 1.0, 2.0, 5.1], abs=6.1 / 510 + 1e-6)
    small = picture(torch.arange(25.0).view(1, 5, 5), 2)
    assert (small.height, small.width, small.shrink) == (2, 2, 3)
    assert (small.low, small.high) == (6.0, 21.0), "the means of 3x3 and, at the edge, of what is there"
    flat = picture(torch.full((1, 2, 2), 3.0), 16)
    assert set(flat.values) == {0}
    with pytest.raises(ValueError, match="a byte for each value"):
        Picture((0,), 2, 2, 0.0, 1.0, "AAAA")
