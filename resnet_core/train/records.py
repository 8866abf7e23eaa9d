"""What a training writes down. No torch here: a page reads these without it."""

from dataclasses import dataclass
from typing import Any

from resnet_core.errors import Refusal
from resnet_core.records import Provenance
from resnet_core.study import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader(Provenance):
    """The facts of a run, written before its first step.

    ``arch`` is the network as it was asked for, ``fitted`` as it was trained (channels, classes and image size of the
    data), ``train`` the recipe as it was asked for; ``precision``, ``memory_format`` and ``compiled`` are what ``auto``
    there came to on this device. ``unit_names`` name the entries of each step's ``gradient_norms`` and of the other
    values by unit. ``steps`` is 0 where ``seconds``, a budget of time, decides the length. ``classes`` are the names of
    the labels. ``started_at`` is UTC, ISO 8601. ``time_s`` is what settling ``auto`` took; each step tells its own.
    """

    arch: dict[str, Any]
    fitted: dict[str, Any]
    train: dict[str, Any]
    unit_names: tuple[str, ...]
    steps: int
    steps_per_epoch: int
    started_at: str
    time_s: float = 0.0  # absent from the headers of earlier versions
    precision: str = "float32"
    memory_format: str = "contiguous"
    compiled: bool = False
    classes: tuple[str, ...] = ()
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a training. ``step`` and ``epoch`` count from 1.

    ``loss`` is the batch's mean cross entropy before the step, ``train_accuracy`` the share of the same batch that was
    classified right, both in training mode. ``gradient_norms`` holds, for each residual unit, the L2 norm of the
    gradient of that loss with respect to the unit's input, over the whole batch. ``images_per_s`` counts this step's
    images over its time with its instruments and without the evaluation; ``time_s`` is the time that the training has
    taken so far, pauses left out. ``test_accuracy`` (0 to 1) and ``test_loss`` stand in the last step of each epoch and
    of the training, measured after it.

    By unit, as ``gradient_norms``: ``activation_means`` and ``activation_stds`` of what the unit put out, over the
    whole ``(N, C, H, W)``; ``update_ratios``, how far the step moved the unit's weights in relation to their size,
    ``|w_after - w_before| / |w_before|`` over all its parameters together.
    """

    step: int
    epoch: int
    loss: float
    train_accuracy: float
    learning_rate: float
    gradient_norms: tuple[float, ...]
    images_per_s: float
    time_s: float
    test_accuracy: float | None = None
    test_loss: float | None = None
    activation_means: tuple[float, ...] = ()
    activation_stds: tuple[float, ...] = ()
    update_ratios: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How much of a data set's files has arrived. ``done_bytes`` equals ``total_bytes`` while they are decoded."""

    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """A visitor's own images as they are kept: ``archive`` is their name, 16 hexadecimal digits.

    They are RGB, ``side`` pixels high and wide. ``class_names`` are the folders, sorted; ``train`` and ``test`` count
    images. ``left_out`` counts the files that are not among them; ``reasons`` names the first of those with the English
    message id of why.
    """

    archive: str
    side: int
    class_names: tuple[str, ...]
    train: int
    test: int
    left_out: int
    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class Settings(Finding):
    """The precision and the memory format that a short measurement found fastest for some networks together.

    ``rates`` are images a second, forward and backward, of all those networks in turn, by "float32 channels_last" and
    so on; what was not tried, or given up after one slow step, is not in it.
    """

    precision: str
    memory_format: str
    rates: dict[str, float]


class Diverged(Refusal):
    """A training in which a number is no longer finite: it ended, and its records up to and with that step stand.

    ``values``: ``step``, ``learning_rate``, ``direction`` (input, forward, loss, backward or update) and ``layer``, the
    module in which the first such number arose ("" for the input and the loss).
    """
