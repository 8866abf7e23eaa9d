"""The images that networks here learn from, and the order in which they see them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import DataChoice
from resnet_core.train.facts import facts

SPLIT_SEED = 0


@dataclass(frozen=True, slots=True)
class Images:
    """A data set split in two. Images are float32 ``(N, C, H, W)``, labels int64 ``(N,)``.

    ``mean`` and ``std`` are of the training set's pixels as they are stored (digits: 0 to 16). ``factor``: how many
    pixels each stored pixel is along one axis.
    """

    train_pixels: Tensor
    train_labels: Tensor
    test_pixels: Tensor
    test_labels: Tensor
    mean: float
    std: float
    factor: int = 1

    def to(self, device: torch.device) -> "Images":
        """The same images in the memory of another device."""
        return replace(
            self,
            train_pixels=self.train_pixels.to(device),
            train_labels=self.train_labels.to(device),
            test_pixels=self.test_pixels.to(device),
            test_labels=self.test_labels.to(device),
        )

    def train_batch(
        self, index: Tensor, augmentation: str = "none", draw: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Normalised images and labels of some rows; moved by up to an eighth of their side, and mirrored, if asked."""
        images, labels = self.train_pixels[index], self.train_labels[index]
        if augmentation == "none":
            return images, labels
        count, _, height, width = images.shape
        most = height // 8
        padded = torch.nn.functional.pad(images, (most, most, most, most))
        at = torch.randint(2 * most + 1, (2, count, 1), generator=draw)
        flips = torch.rand(count, 1, generator=draw) < (0.5 if augmentation == "shift_flip" else 0.0)
        rows, columns = at[0] + torch.arange(height), torch.arange(width)
        columns = at[1] + torch.where(flips, columns.flip(0), columns)
        picked = torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]
        place = [part.to(images.device) for part in picked]
        return padded[place[0], :, place[1], place[2]].permute(0, 3, 1, 2).contiguous(), labels

    def test_batch(self, rows: slice) -> tuple[Tensor, Tensor]:
        """Normalised images and labels of some test rows."""
        return self.test_pixels[rows], self.test_labels[rows]


def load(choice: DataChoice | str, size: int | None = None) -> Images:
    """The images of a choice, normalised with the training set's mean and standard deviation.

    The split into training and test images is stratified by class and always the same (its own fixed seed): a training
    seed changes first weights and order, never which images are tested. ``size`` is a whole multiple of the stored
    size; each pixel then becomes a square of equal pixels (nearest neighbour), so nothing is invented.
    """
    known = facts(choice)
    size = size or known.size
    factor, rest = divmod(size, known.size)
    if factor < 1 or rest:
        raise Refusal(
            N_("The {data} images are {stored}x{stored} pixels and are enlarged by whole pixels; {size} is not a "
               "multiple of {stored}."),
            field="image_size", data=known.name, stored=known.size, size=size,
        )  # fmt: skip
    pixels, labels, train, test = read_digits()
    mean, std = float(pixels[train].mean()), float(pixels[train].std())
    scaled = torch.from_numpy((pixels - mean) / std).to(torch.float32).unsqueeze(1)
    enlarged = scaled.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)
    targets = torch.from_numpy(labels).to(torch.int64)
    train_index, test_index = torch.from_numpy(train), torch.from_numpy(test)
    return Images(
        enlarged[train_index], targets[train_index], enlarged[test_index], targets[test_index], mean, std, factor
    )


@lru_cache(maxsize=1)
def read_digits() -> tuple[NDArray[np.float64], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pixels ``(1797, 8, 8)`` from 0 to 16, labels, and the rows of the training and of the test images."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    rows = np.arange(len(digits.target))
    train, test = train_test_split(
        rows, test_size=facts("digits").test, stratify=digits.target, random_state=SPLIT_SEED
    )
    return digits.images, digits.target, train, test


def batches(images: Images, epoch: int, seed: int, batch_size: int) -> Iterator[Tensor]:
    """Row numbers of each batch of an epoch, int64 ``(batch_size,)``.

    The order depends on ``seed`` and ``epoch`` alone, never on the network, so two networks trained from one seed see
    the same batches. What is left over after the last full batch is left out: a small batch has noisier BatchNorm
    statistics, and the heat map's steps would not be comparable.
    """
    count = len(images.train_labels)
    if batch_size > count:
        raise Refusal(
            N_("A batch of {batch_size} images is more than the {images} training images there are."),
            field="batch_size", batch_size=batch_size, images=count,
        )  # fmt: skip
    order = torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(count))
    device = images.train_labels.device
    for start in range(0, count - batch_size + 1, batch_size):
        yield order[start : start + batch_size].to(device)
