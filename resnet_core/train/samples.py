"""The few test images whose answers are followed, the same in every training on the same data. No torch here."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resnet_core.records import Record

if TYPE_CHECKING:  # the page's process reads the record, and does without numpy
    from numpy.typing import NDArray

COUNT = 12
MATRIX = 20  # classes, up to which a confusion matrix can be read; of more, the most confused pairs are kept
PAIRS = 20
WIDEST = 64  # pixels of a shown image at a side


@dataclass(frozen=True, slots=True)
class Samples(Record):
    """Some test images as they are shown: ``numbers`` in the test set, from 0, and ``labels``, in the same order.

    ``pixels``: uint8 ``(N, H, W, C)`` of 0 to 255, in base64; ``height``, ``width`` and ``channels`` are its shape.
    """

    numbers: tuple[int, ...]
    labels: tuple[int, ...]
    height: int
    width: int
    channels: int
    pixels: str


def chosen(labels: "NDArray[Any] | Sequence[int]", count: int = COUNT) -> list[int]:
    """The numbers of ``count`` images, as evenly over the classes as it goes, in the order of their classes.

    Which of a class is drawn, from a seed of its own: a training's seed changes neither what is tested nor what is
    shown.
    """
    import numpy as np

    known = np.asarray(labels, dtype=np.int64)
    order = np.random.default_rng(0).permutation(len(known))
    by_class = np.argsort(known[order], kind="stable")
    sorted_labels = known[order][by_class]
    turns = np.empty(len(known), np.int64)  # how many of its class come before it
    turns[by_class] = np.arange(len(known)) - np.searchsorted(sorted_labels, sorted_labels)
    numbers = order[np.argsort(turns, kind="stable")[:count]].tolist()
    return sorted(numbers, key=lambda number: (int(known[number]), number))


def samples(pixels: "NDArray[Any]", labels: "NDArray[Any]", brightest: int, count: int = COUNT) -> Samples:
    """The chosen images of a test set with pixels ``(N, C, H, W)`` from 0 to ``brightest``.

    Of an image wider than :data:`WIDEST`, every second, third ... pixel is taken.
    """
    import numpy as np

    numbers = chosen(labels, count)
    taken = np.asarray(pixels[numbers])
    step = -(-max(taken.shape[2:]) // WIDEST)
    shown = taken[:, :, ::step, ::step].astype(np.uint16) * 255 // brightest
    ordered = np.ascontiguousarray(shown.astype(np.uint8).transpose(0, 2, 3, 1))
    _, height, width, channels = ordered.shape
    return Samples(
        tuple(numbers),
        tuple(int(labels[number]) for number in numbers),
        height,
        width,
        channels,
        base64.b64encode(ordered.tobytes()).decode("ascii"),
    )


def confusions(labels: "NDArray[Any]", named: "NDArray[Any]", classes: int) -> tuple[tuple[int, int, int], ...]:
    """How often a class was given the name of another or its own, as :class:`~resnet_core.train.records.Answers` has
    it."""
    import numpy as np

    counts = np.bincount(labels * classes + named, minlength=classes * classes).reshape(classes, classes)
    if classes > MATRIX:
        np.fill_diagonal(counts, 0)
    rows, columns = np.nonzero(counts)
    cells = [(int(row), int(column), int(counts[row, column])) for row, column in zip(rows, columns, strict=True)]
    if classes > MATRIX:
        cells = sorted(cells, key=lambda cell: -cell[2])[:PAIRS]
    return tuple(cells)
