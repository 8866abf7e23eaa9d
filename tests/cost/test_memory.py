"""The estimate of a training's memory against what PyTorch allocates, and its refusal before anything is allocated."""

import weakref
from itertools import accumulate
from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_core import ArchSpec, Refusal, build, count, preset
from resnet_core.cost.memory import (
    MAX_PARAMS,
    RUNTIME_BYTES,
    fits,
    inference_memory,
    refuse_if_too_large,
    refuse_if_too_many,
    refuse_inference_if_too_large,
    training_memory,
)

NETWORKS = [
    ("cifar20", 32, {}),
    ("resnet18", 8, {"image_size": 64}),
    ("resnet50", 8, {"image_size": 64}),
    ("preact164", 4, {}),
    ("cifar20", 32, {"shortcut": "exclusive_gating"}),
    ("cifar20", 32, {"shortcut": "dropout"}),
    ("cifar20", 32, {"projection": "D", "cut": (2, 5)}),
    ("cifar20", 32, {"norm": "group", "attention": "se"}),
    ("cifar20", 32, {"residual_scale": 1, "stochastic_depth": 0.5, "branch_dropout": 0.2}),
    ("resnet18", 8, {"image_size": "48x96", "stem": "deep"}),
]


def _allocated_at_most(spec: ArchSpec, batch_size: int) -> int:
    """The peak of a training step that is not the first, from the allocator's own records; the images included.

    Without oneDNN, whose scratch within one convolution depends on the processor: 38 MB in a ResNet-18 on small maps
    with AVX2, next to nothing with AVX-512. Such a workspace is no part of the estimate, and the page says so.
    """
    model = build(spec).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    images = torch.rand(batch_size, spec.in_channels, *spec.image_shape)
    labels = torch.zeros(batch_size, dtype=torch.long)

    def step() -> None:
        functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    with torch.backends.mkldnn.flags(enabled=False):
        step()
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
            step()
    momentum = [state["momentum_buffer"] for state in optimizer.state.values()]
    before = (*model.parameters(), *model.buffers(), *momentum, images)
    return sum(tensor.nbytes for tensor in before) + _most(profiled)


def _most(profiled: profile) -> int:
    """The most that was allocated at once beyond what was there before."""
    assert profiled.profiler is not None
    assert profiled.profiler.kineto_results is not None
    events = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))


@pytest.mark.usefixtures("one_thread")
@pytest.mark.filterwarnings("ignore:TF32 acceleration")  # said by torch where oneDNN is switched
@pytest.mark.parametrize(("name", "batch_size", "changes"), NETWORKS)
def test_the_peak_is_what_pytorch_allocates_within_5_percent(
    name: str, batch_size: int, changes: dict[str, object]
) -> None:
    """Measured on a CPU: at most 3 percent below."""
    spec = preset(name).with_(**changes)
    estimate = training_memory(count(spec), batch_size).peak
    assert estimate == pytest.approx(_allocated_at_most(spec, batch_size), rel=0.05)


class _Tensors(TorchDispatchMode):
    """Adds up the memory of all tensors that operators hand out and that are still held; what an operator takes for
    itself while it works is not seen, and no part of the estimate."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._held: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, list | tuple) else [out]:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in self._held:
                self._held.add(storage.data_ptr())
                self.now += storage.nbytes()
                weakref.finalize(storage, self._let_go, storage.data_ptr(), storage.nbytes())
        self.most = max(self.most, self.now)
        return out

    def _let_go(self, address: int, size: int) -> None:
        self._held.discard(address)
        self.now -= size


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("resnet50", {"image_size": 64}),
        ("resnet50d", {"image_size": 64}),
        ("preact164", {}),
        ("plain20", {"block": "bottleneck"}),
        ("cifar20", {"shortcut": "exclusive_gating"}),
        ("cifar20", {"shortcut": "dropout", "branch_dropout": 0.2}),
        ("cifar20", {"attention": "se", "norm": "group", "cut": (2, 5)}),
    ],
)
def test_an_inference_holds_what_its_tensors_take_to_the_byte(name: str, changes: dict[str, object]) -> None:
    spec = preset(name).with_(**changes)
    model = build(spec).eval()
    images = torch.rand(8, spec.in_channels, *spec.image_shape)
    with torch.inference_mode(), _Tensors() as tensors:
        model(images)
    assert tensors.most == inference_memory(count(spec), 8).activations


def test_the_parts_are_those_of_a_training_step() -> None:
    ledger = count(preset("cifar56"))
    statistics = 4 * sum(row.params for row in ledger.rows if row.kind == "bn")
    memory = training_memory(ledger, batch_size=128)
    assert memory.parameters - statistics == memory.gradients == memory.optimizer == 4 * 853_018
    assert memory.saved_activations == 128 * ledger.saved_bytes
    assert memory.peak >= memory.parameters + memory.optimizer + memory.saved_activations


def test_optimisers_differ_by_what_they_keep_for_a_parameter() -> None:
    ledger = count(preset("resnet50"))
    sgd, momentum, adam = (training_memory(ledger, 8, name) for name in ("sgd", "momentum", "adam"))
    assert (sgd.optimizer, momentum.optimizer, adam.optimizer) == (0, 4 * 25_557_032, 8 * 25_557_032)
    assert momentum.peak - sgd.peak == adam.peak - momentum.peak == 4 * 25_557_032
    assert sgd.saved_activations == adam.saved_activations


def test_half_the_digits_take_half_the_memory_but_for_the_indices_of_pooling() -> None:
    ledger = count(preset("resnet50"))
    full, half = (training_memory(ledger, 8, dtype=dtype) for dtype in ("float32", "bfloat16"))
    assert 2 * half.parameters == full.parameters
    assert 2 * half.gradients == full.gradients
    assert 2 * half.saved_activations - full.saved_activations == 8 * 8 * 64 * 56 * 56
    cifar = count(preset("cifar56"))
    full, half = (training_memory(cifar, 8, dtype=dtype) for dtype in ("float32", "bfloat16"))
    assert 2 * half.peak == full.peak


def test_a_larger_batch_takes_more_activations_and_no_more_weights() -> None:
    one, two = (training_memory(count(preset("resnet50")), batch_size=n) for n in (1, 2))
    assert two.parameters == one.parameters
    assert two.gradients == one.gradients
    assert two.saved_activations == 2 * one.saved_activations


def test_inference_holds_an_input_an_output_and_what_waits_for_the_addition() -> None:
    """ResNet-50 is fullest in its first block: branch, projection and sum on 56x56, and what came in, which the caller
    holds."""
    ledger = count(preset("resnet50"))
    memory = inference_memory(ledger, 4)
    weights = 4 * (25_557_032 + 53_120)
    assert memory.parameters == weights
    assert memory.activations == 4 * 4 * (256 + 256 + 256 + 64) * 56 * 56
    assert memory.peak == memory.parameters + memory.activations
    plain = inference_memory(count(preset("resnet50").with_(skip=False)), 4)
    assert plain.activations == 4 * 4 * (256 + 256 + 256) * 56 * 56, (
        "without a shortcut, too, the caller holds the input"
    )


def test_what_does_not_fit_is_refused_with_the_estimate() -> None:
    spec = preset("resnet152")
    estimate = training_memory(count(spec), 64)
    needed = estimate.peak + RUNTIME_BYTES
    assert refuse_if_too_large(spec, 64, available=needed) == estimate
    with pytest.raises(Refusal) as refusal:
        refuse_if_too_large(spec, 64, available=needed - 1)
    assert str(refusal.value) == (
        f"This network would take about {needed / 1e9:.1f} GB on 64 images of 224 pixels, and {needed / 1e9:.1f} GB "
        "are free: choose a smaller batch, fewer blocks, a smaller width or smaller images."
    )


def test_a_forward_pass_is_refused_by_what_it_takes_itself() -> None:
    spec = preset("resnet152")
    needed = inference_memory(count(spec), 64).peak + RUNTIME_BYTES
    assert refuse_inference_if_too_large(spec, 64, available=needed).peak == needed - RUNTIME_BYTES
    with pytest.raises(Refusal, match="on 64 images of 224 pixels"):
        refuse_inference_if_too_large(spec, 64, available=needed - 1)
    with pytest.raises(Refusal, match="GB are free"):
        refuse_if_too_large(spec, 64, available=needed)
    with pytest.raises(Refusal, match="takes up to"):
        refuse_inference_if_too_large(ArchSpec(stages=(400,) * 3, width=1024), 1, available=10**18)


def test_without_a_figure_the_machine_is_asked() -> None:
    assert refuse_if_too_large(ArchSpec(stages=(1,), width=1, image_size=1), 2).peak > 0
    with pytest.raises(Refusal, match="GB are free"):
        refuse_if_too_large(ArchSpec(stages=(2,), width=512, image_size=1024), 1024)


def test_more_than_a_billion_parameters_are_refused_by_name_of_the_fields() -> None:
    giant = ArchSpec(stages=(400,) * 3, width=1024)
    ledger = count(giant)
    assert ledger.params > MAX_PARAMS
    sentence = (
        f"stages 400,400,400, width 1024: together they make {ledger.params:,} parameters, "
        f"{4 * ledger.params / 1e9:.1f} GB of weights; the explorer takes up to 1,000,000,000."
    )
    with pytest.raises(Refusal) as refusal:
        refuse_if_too_many(ledger)
    assert str(refusal.value) == sentence
    assert refusal.value.field == "stages"
    with pytest.raises(Refusal, match="takes up to"):
        refuse_if_too_large(giant, 2, available=10**18)
    refuse_if_too_many(count(preset("wide_resnet101_2")))


@pytest.mark.parametrize("name", ["cifar20", "resnet18", "resnet50", "preact164", "resnext101_64x4d", "wrn28_10"])
@pytest.mark.parametrize(("optimizer", "dtype"), [("momentum", "float32"), ("adam", "bfloat16")])
@pytest.mark.parametrize("available", [5 * 10**7, 4 * 10**8, 10**9, 8 * 10**9, 123_456_789_012])
def test_the_largest_batch_fits_and_one_image_more_does_not(
    name: str, optimizer: Any, dtype: Any, available: int
) -> None:
    ledger = count(preset(name))
    found = fits(ledger, available, optimizer, dtype)
    for batch, peak in (
        (found.training, lambda size: training_memory(ledger, size, optimizer, dtype).peak),
        (found.inference, lambda size: inference_memory(ledger, size, dtype).peak),
    ):
        assert batch == 0 or peak(batch) <= available
        assert peak(batch + 1) > available


def test_training_a_resnet_50_in_eight_gigabytes() -> None:
    ledger = count(preset("resnet50"))
    assert fits(ledger, 10**8) == (0, 0), "its parameters alone take 102 MB"
    assert fits(ledger, 8 * 10**9).training == 89
