"""What a training writes down. No torch here: a page reads these without it."""

from dataclasses import dataclass, field, fields
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.records import Positive, Provenance, Record
from resnet_core.study import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader(Provenance):
    """The facts of a run, written before its first step.

    ``arch`` is the network as it was asked for, ``fitted`` as it was trained (channels, classes and image size of the
    data), ``train`` the recipe as it was asked for; ``precision``, ``memory_format`` and ``compiled`` are what ``auto``
    there came to on this device, and ``time_s`` what that took: each step tells its own time. ``unit_names`` name the
    entries of each step's values by unit. ``steps`` is 0 where ``seconds``, a budget of time, decides the length.
    ``classes`` are the names of the labels. ``started_at`` is UTC, ISO 8601.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers(Record):
    """What a network answers to test images, in evaluation mode.

    Of a few images, the same for every network and seed (:mod:`resnet_core.train.samples`): ``numbers`` in the test
    set, from 0; ``labels``, their classes; ``named``, the class that the network finds most probable; ``shares``, how
    probable by its softmax, 0 to 1.

    ``confused`` counts all test images: ``(class, named, images)``, the cells of the confusion matrix that are not
    zero. Of more than :data:`~resnet_core.train.samples.MATRIX` classes it holds only the pairs of different classes
    that were confused most often, the most frequent first.
    """

    numbers: tuple[int, ...]
    labels: tuple[int, ...]
    named: tuple[int, ...]
    shares: tuple[float, ...]
    confused: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """How a value by residual unit and step is called and drawn: the metadata of its field in :class:`StepRecord`.

    ``column`` is its name for one unit in a table and in an event file. ``title`` and ``axis`` are message ids, or
    symbols. ``log``: shown as its power of ten; ``middle``: around zero, with colours of its own to either side.
    """

    column: str
    title: str
    axis: str
    log: bool
    middle: bool = False


def _by_unit(signal: Signal) -> Any:
    """A field with one value a unit; empty where it was not measured."""
    return field(default=(), metadata={"signal": signal})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord(Record):
    """One step of a training. ``step`` and ``epoch`` count from 1.

    ``loss`` is the batch's mean cross entropy before the step, ``train_accuracy`` the share of the same batch that was
    classified right, both in training mode. ``test_accuracy`` (0 to 1), ``test_loss`` and ``answers`` stand in the last
    step of each epoch and of the training, measured after it. ``images_per_s`` counts this step's images over its time
    with its instruments and without the evaluation; ``time_s`` is the time that the training has taken so far, pauses
    left out.

    By residual unit, from the first to the last: ``gradient_norms``, the L2 norm of the gradient of that loss with
    respect to the unit's input, over the whole batch; ``update_ratios``, how far the step moved the unit's weights in
    relation to their size, ``|w_after - w_before| / |w_before|`` over all its parameters together;
    ``activation_means`` and ``activation_stds`` of what the unit put out, over the whole ``(N, C, H, W)``.

    A further signal is one more field by unit, and its measurement in :mod:`resnet_core.train.instruments`: history,
    live route, heat map, profile, CSV and event file walk :data:`SIGNALS`.
    """

    step: int
    epoch: int
    loss: float
    train_accuracy: float
    test_accuracy: float | None = None
    test_loss: float | None = None
    answers: Answers | None = None
    learning_rate: float
    images_per_s: float
    time_s: float
    gradient_norms: tuple[float, ...] = _by_unit(Signal("gradient_norm", N_("Gradient"), "‖∂E/∂x‖", log=True))
    update_ratios: tuple[float, ...] = _by_unit(Signal("update_ratio", N_("Update to weight"), "‖Δw‖ / ‖w‖", log=True))
    activation_means: tuple[float, ...] = _by_unit(
        Signal("activation_mean", N_("Activation mean"), N_("mean"), log=False, middle=True)
    )
    activation_stds: tuple[float, ...] = _by_unit(
        Signal("activation_std", N_("Activation spread"), N_("standard deviation"), log=True)
    )


SIGNALS: dict[str, Signal] = {
    each.name: each.metadata["signal"] for each in fields(StepRecord) if "signal" in each.metadata
}
SCALARS = tuple(each.name for each in fields(StepRecord) if each.name not in (*SIGNALS, "answers"))


@dataclass(frozen=True, slots=True)
class FetchProgress(Record):
    """How much of a data set's files has arrived. ``done_bytes`` equals ``total_bytes`` while they are decoded."""

    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class ArchiveFacts(Record):
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
    rates: dict[str, Positive]


class Diverged(Refusal):
    """A training in which a number is no longer finite: it ended, and its records up to and with that step stand.

    ``values``: ``step``, ``learning_rate``, ``direction`` (input, forward, loss, backward or update) and ``layer``, the
    module in which the first such number arose ("" for the input and the loss).
    """
