"""What a network takes from memory, for training and for inference, estimated before anything is allocated."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import psutil

from resnet_core.body import Body
from resnet_core.cost.ledger import INT64, Ledger, count
from resnet_core.errors import N_, Refusal
from resnet_core.layer import INPUT, size
from resnet_core.operators import OPERATORS
from resnet_core.spec import ArchSpec

Optimizer = Literal["sgd", "momentum", "adam"]
Dtype = Literal["float32", "bfloat16"]

OPTIMIZERS: dict[Optimizer, str] = {"sgd": N_("SGD"), "momentum": N_("SGD with momentum"), "adam": N_("Adam")}
DTYPES: dict[Dtype, int] = {"float32": 4, "bfloat16": 2}  # bytes of one number
_STATE: dict[Optimizer, int] = {"sgd": 0, "momentum": 1, "adam": 2}  # numbers that an optimiser keeps for a parameter

MAX_PARAMS = 10**9
GIGA = 10**9
MOST_GB = 100_000.0  # that are asked for; the largest machines have a few thousand
RUNTIME_BYTES = 400_000_000  # PyTorch itself in a process of its own: measured 300 to 400 MB on Linux, CPU build


class TrainingMemory(NamedTuple):
    """Bytes by what they hold, and the most that is held at one moment.

    ``parameters`` includes BatchNorm's running statistics. ``peak`` is not the sum: PyTorch frees a saved activation
    as soon as backward has used it, while the gradients of the parameters grow.
    """

    parameters: int
    gradients: int
    optimizer: int
    saved_activations: int
    peak: int


class InferenceMemory(NamedTuple):
    """Bytes; ``activations`` is the most that is held at one moment of the forward pass."""

    parameters: int
    activations: int

    @property
    def peak(self) -> int:
        """Both together."""
        return self.parameters + self.activations


def training_memory(
    ledger: Ledger, batch_size: int, optimizer: Optimizer = "momentum", dtype: Dtype = "float32"
) -> TrainingMemory:
    """The estimate for one training step on ``batch_size`` images with everything in ``dtype``.

    The peak is found by walking backward through the plan: at each layer, what is still saved, the gradients of the
    parameters so far, and the gradients that flow in and out or wait for another path. Gradients are freed between the
    steps, as PyTorch's ``zero_grad`` does by default.
    """
    number = DTYPES[dtype]
    weights, state = number * ledger.params, number * _STATE[optimizer] * ledger.params
    saved = batch_size * (number * ledger.saved_floats + INT64 * ledger.saved_indices)
    held = _held_in_backward(ledger)
    kept, gradients, moving = saved, 0, 0
    for row in reversed(ledger.rows):
        gradients += number * row.params
        flowing = held[row.stage, row.block, row.layer.name]
        moving = max(moving, kept + gradients + batch_size * number * flowing)
        kept -= batch_size * (number * row.saved_floats + INT64 * row.saved_indices)
    fixed = weights + number * _running_statistics(ledger)
    return TrainingMemory(fixed, weights, state, saved, fixed + state + max(moving, gradients))


def inference_memory(ledger: Ledger, batch_size: int, dtype: Dtype = "float32") -> InferenceMemory:
    """The estimate for one forward pass: what a layer reads and puts out, and what waits for a later one."""
    number = DTYPES[dtype]
    bodies = ledger.plan.stem, *{id(unit.body): unit.body for unit in ledger.plan.units}.values(), ledger.plan.head
    held = max(max(_held_in_forward(body)) for body in bodies)
    return InferenceMemory(number * (ledger.params + _running_statistics(ledger)), number * batch_size * held)


class Fits(NamedTuple):
    """The largest mini-batches, in images, whose estimates are within some memory; 0 where not one image is."""

    training: int
    inference: int


def fits(ledger: Ledger, available: int, optimizer: Optimizer = "momentum", dtype: Dtype = "float32") -> Fits:
    """What of a network fits into ``available`` bytes, by :func:`training_memory` and :func:`inference_memory`.

    As they do, it leaves out PyTorch itself (see ``RUNTIME_BYTES``), a GPU's context, the workspaces of libraries, what
    is lost between blocks of memory, and the images that wait for their turn.
    """
    return Fits(
        _largest_batch(lambda batch: training_memory(ledger, batch, optimizer, dtype).peak, available),
        _largest_batch(lambda batch: inference_memory(ledger, batch, dtype).peak, available),
    )


def _largest_batch(peak: Callable[[int], int], available: int) -> int:
    """The largest batch size with a peak of at most ``available``.

    A peak is the largest of some straight lines over the batch size, so it bends upward alone: a straight line through
    two neighbours lies below all that stands beside them, and where it meets ``available`` no batch size is passed
    over. Two or three such steps find what a bisection would in twenty, each of which walks the whole plan.
    """
    if peak(1) > available:
        return 0
    batch = 1 + (available - peak(1)) // (peak(2) - peak(1))
    while (beyond := peak(batch) - available) > 0:
        batch -= -(-beyond // (peak(batch) - peak(batch - 1)))
    return batch


def refuse_if_too_large(spec: ArchSpec, batch_size: int, *, available: int | None = None) -> TrainingMemory:
    """The estimate for training ``spec``, or a :class:`Refusal` that states it where it would not fit.

    ``available`` is what may be used, in bytes; by default what the machine has free now.
    """
    ledger = count(spec)
    refuse_if_too_many(ledger)
    estimate = training_memory(ledger, batch_size)
    _refuse_beyond(available, estimate.peak, ledger, batch_size)
    return estimate


def refuse_inference_if_too_large(spec: ArchSpec, batch_size: int, *, available: int | None = None) -> InferenceMemory:
    """As :func:`refuse_if_too_large`, for forward passes alone, which keep no activations."""
    ledger = count(spec)
    refuse_if_too_many(ledger)
    estimate = inference_memory(ledger, batch_size)
    _refuse_beyond(available, estimate.peak, ledger, batch_size)
    return estimate


def _refuse_beyond(available: int | None, peak: int, ledger: Ledger, batch_size: int) -> None:
    needed = peak + RUNTIME_BYTES
    free = psutil.virtual_memory().available if available is None else available
    if needed > free:
        raise Refusal(
            N_("This network would take about {need} GB on {batch_size} images of {image_size} pixels, and {free} GB "
               "are free: choose a smaller batch, fewer blocks, a smaller width or smaller images."),
            need=f"{needed / 1e9:.1f}", free=f"{free / 1e9:.1f}", batch_size=batch_size,
            image_size=ledger.plan.spec.image_size,
        )  # fmt: skip


def refuse_if_too_many(ledger: Ledger) -> None:
    """A :class:`Refusal` for a network of more than 10^9 parameters, which is no ResNet that anybody trains."""
    if ledger.params > MAX_PARAMS:
        spec, start = ledger.plan.spec.values(), ArchSpec().values()
        sizes = ("stages", "width", "block", "groups", "width_per_group", "expansion", "num_classes")
        larger = [name for name in sizes if spec[name] != start[name]]
        raise Refusal(
            N_("{fields}: together they make {params} parameters, {size} GB of weights; the explorer takes up to "
               "{most}."),
            field=larger[0], fields=[ArchSpec.said(name, spec[name]) for name in larger],
            params=f"{ledger.params:,}", size=f"{4 * ledger.params / 1e9:.1f}", most=f"{MAX_PARAMS:,}",
        )  # fmt: skip


def _running_statistics(ledger: Ledger) -> int:
    """What normalisation keeps beside its parameters."""
    return sum(row.statistics for row in ledger.rows)


def _held_in_forward(body: Body) -> list[int]:
    """For each layer, the numbers of all tensors that are there while it works: each until its last reader is done, and
    what came in until the end, for whoever called holds it."""
    tensors = {INPUT: INPUT}  # whose value -> the tensor that holds it
    last_reader: dict[str, int] = {}
    for place, layer in enumerate(body.layers):
        passes = OPERATORS[layer.op].passes_at_inference
        tensors[layer.name] = tensors[layer.inputs[0]] if passes else layer.name
        last_reader |= {tensors[read]: place for read in layer.inputs}
    last_reader |= {tensors[name]: len(body.layers) for name in (INPUT, body.layers[-1].name)}
    sizes = {INPUT: size(body.in_shape)}
    held = []
    for place, layer in enumerate(body.layers):
        scratch = OPERATORS[layer.op].scratch
        sizes.setdefault(tensors[layer.name], size(layer.out_shape))
        held.append(sum(sizes.values()) + (scratch(layer) if scratch else 0))
        sizes = {name: numbers for name, numbers in sizes.items() if last_reader[name] > place}
    return held


def _held_in_backward(ledger: Ledger) -> dict[tuple[int, int, str], int]:
    """For each row's layer, the numbers of all gradients of activations that are there while its backward works."""
    plan = ledger.plan
    known: dict[int, dict[str, int]] = {}
    found: dict[tuple[int, int, str], int] = {}
    for stage, block, body in ((0, 0, plan.stem), *((unit[1:]) for unit in plan.units), (0, 0, plan.head)):
        if id(body) not in known:
            known[id(body)] = _gradients_held(body)
        found |= {(stage, block, name): numbers for name, numbers in known[id(body)].items()}
    return found


def _gradients_held(body: Body) -> dict[str, int]:
    """By layer: the gradient that comes in, those that it puts out, and those that wait for another reader's.

    A sum hands the very gradient that it got to all that it added up, so these share one tensor until more is added.
    """
    sizes = {INPUT: size(body.in_shape), **{layer.name: size(layer.out_shape) for layer in body.layers}}
    result = body.layers[-1].name
    tensors = {result: result}  # whose gradient -> the tensor that holds it, by the name of whose it first was
    held = {}
    for layer in reversed(body.layers):
        for read in layer.inputs:
            shares = OPERATORS[layer.op].passes_gradient and read not in tensors
            tensors[read] = tensors[layer.name] if shares else read
        held[layer.name] = sum(sizes[name] for name in set(tensors.values()))
        del tensors[layer.name]
    return held
