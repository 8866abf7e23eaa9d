"""What training a network will take from memory, estimated before anything is allocated."""

from typing import NamedTuple

import psutil

from resnet_core.cost.ledger import FLOAT32, Ledger, count
from resnet_core.errors import N_, Refusal
from resnet_core.spec import ArchSpec

RUNTIME_BYTES = 400_000_000  # PyTorch itself in a process of its own: measured 300 to 400 MB on Linux, CPU build


class TrainingMemory(NamedTuple):
    """Bytes, in float32, by what they hold."""

    parameters: int
    gradients: int
    momentum: int  # the optimiser's state: one number a parameter for SGD with momentum
    saved_activations: int  # what backward needs again, for the whole mini-batch
    workspace: int  # the gradients in flight: the largest activation three times
    runtime: int

    @property
    def total(self) -> int:
        """All of it at once: the peak is at the turn from forward to backward."""
        return sum(self)


def training_memory(ledger: Ledger, batch_size: int) -> TrainingMemory:
    """The estimate for one training step on ``batch_size`` images."""
    weights = FLOAT32 * ledger.params
    largest = max(c * h * w for c, h, w in (row.layer.out_shape for row in ledger.rows))
    return TrainingMemory(
        parameters=weights,
        gradients=weights,
        momentum=weights,
        saved_activations=batch_size * ledger.saved_bytes,
        workspace=3 * batch_size * FLOAT32 * largest,
        runtime=RUNTIME_BYTES,
    )


def refuse_if_too_large(spec: ArchSpec, batch_size: int, *, available: int | None = None) -> TrainingMemory:
    """The estimate for training ``spec``, or a :class:`Refusal` that states it where it would not fit.

    ``available`` is what may be used, in bytes; by default what the machine has free now.
    """
    estimate = training_memory(count(spec), batch_size)
    free = psutil.virtual_memory().available if available is None else available
    if estimate.total > free:
        raise Refusal(
            N_("This network would take about {need} GB on {batch_size} images of {image_size} pixels, and {free} GB "
               "are free: choose fewer blocks, a smaller width or smaller images."),
            need=f"{estimate.total / 1e9:.1f}", free=f"{free / 1e9:.1f}", batch_size=batch_size,
            image_size=spec.image_size,
        )  # fmt: skip
    return estimate
