"""The images that networks here learn from, on the device that trains, and the order in which they are seen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import DataChoice
from resnet_core.train import sets
from resnet_core.train.data.augment import augmented
from resnet_core.train.data.digits import read_digits
from resnet_core.train.facts import facts
from resnet_core.train.folder import data_folder
from resnet_core.train.sets import fetch, ready

__all__ = ["Images", "batches", "data_folder", "fetch", "load", "read_digits", "ready"]


@dataclass(frozen=True, slots=True)
class Images:
    """A data set split in two, as it is stored; batches come normalised, varied and enlarged.

    Pixels are uint8 ``(N, C, H, W)``, labels int64 ``(N,)``, all on one device: CIFAR takes 184 MB there, a quarter of
    what its normalised images would. A batch is ``(pixels - mean) / std``: ``mean``, float32 ``(C, H, W)``, is that of
    the training images pixel by pixel (arXiv:1512.03385, section 4.2; of the digits, one number everywhere), and
    ``std`` the standard deviation of what is left. The paper does not divide; here one learning rate then means the
    same for every data set. ``factor``: each pixel becomes a square of ``factor`` x ``factor`` equal pixels, so nothing
    is invented.

    ``table`` holds the normalised value of each pixel value where the mean is one number: reckoned in float64, which
    not every device has, and then rounded.
    """

    train_pixels: Tensor
    train_labels: Tensor
    test_pixels: Tensor
    test_labels: Tensor
    mean: Tensor
    std: float
    factor: int = 1
    table: Tensor | None = None

    def to(self, device: torch.device | str) -> "Images":
        """The same images in the memory of another device."""
        return replace(
            self,
            train_pixels=self.train_pixels.to(device),
            train_labels=self.train_labels.to(device),
            test_pixels=self.test_pixels.to(device),
            test_labels=self.test_labels.to(device),
            mean=self.mean.to(device),
            table=None if self.table is None else self.table.to(device),
        )

    def train_batch(
        self, index: Tensor, augmentation: str = "none", draw: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The training images ``index``, float32 ``(n, C, factor * H, factor * W)``, and their labels.

        ``augmentation`` is a recipe's (:func:`resnet_core.train.data.augment.augmented`); its random numbers come from
        ``draw``, a generator of the CPU.
        """
        inputs = augmented(self._normalised(self.train_pixels[index]), augmentation, draw)
        return self._enlarged(inputs), self.train_labels[index]

    def test_batch(self, rows: slice) -> tuple[Tensor, Tensor]:
        """The test images ``rows``, as :meth:`train_batch` gives training images, never varied."""
        return self.batch(self.test_pixels[rows]), self.test_labels[rows]

    def batch(self, pixels: Tensor) -> Tensor:
        """Any images ``(n, C, H, W)`` of the data set's own size and range, as :meth:`test_batch` gives its own."""
        return self._enlarged(self._normalised(pixels))

    def _normalised(self, pixels: Tensor) -> Tensor:
        if self.table is not None:
            return self.table[pixels.int()]
        return pixels.to(torch.float32).sub_(self.mean).div_(self.std)

    def _enlarged(self, images: Tensor) -> Tensor:
        if self.factor == 1:
            return images
        return images.repeat_interleave(self.factor, dim=2).repeat_interleave(self.factor, dim=3)


def load(choice: DataChoice | str, size: int | None = None) -> Images:
    """The images of a choice, on the CPU. A published set that is not on this machine is downloaded first.

    The split into training and test images is always the same, the publisher's or one of a fixed seed: a training seed
    changes first weights and order, never which images are tested. ``size``, a network's image size, is a whole
    multiple of the stored size.
    """
    known = facts(choice)
    factor, rest = divmod(size or known.size, known.size)
    if factor < 1 or rest:
        raise Refusal(
            N_("The {data} images are {stored}x{stored} pixels and are enlarged by whole pixels; {size} is not a "
               "multiple of {stored}."),
            field="image_size", data=known.name, stored=known.size, size=size,
        )  # fmt: skip
    if known.name == "digits":
        return _digits(factor)
    arrays = sets.read(choice)
    return Images(
        torch.from_numpy(arrays.train_pixels),
        torch.from_numpy(arrays.train_labels).to(torch.int64),
        torch.from_numpy(arrays.test_pixels),
        torch.from_numpy(arrays.test_labels).to(torch.int64),
        mean=torch.from_numpy(arrays.mean),
        std=float(arrays.std[0]),
        factor=factor,
    )


def _digits(factor: int) -> Images:
    """scikit-learn's digits, split by class; their mean is one number."""
    pixels, labels, train, test = read_digits()
    mean, std = float(pixels[train].mean()), float(pixels[train].std())
    stored = torch.from_numpy(pixels.astype(np.uint8)).unsqueeze(1)
    targets = torch.from_numpy(labels).to(torch.int64)
    values = np.arange(facts("digits").brightest + 1)
    return Images(
        stored[train],
        targets[train],
        stored[test],
        targets[test],
        mean=torch.full(stored.shape[1:], mean),
        std=std,
        factor=factor,
        table=torch.from_numpy((values - mean) / std).to(torch.float32),
    )


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
    order = order.to(images.train_labels.device)  # once an epoch, for each copy makes the host wait for a GPU
    for start in range(0, count - batch_size + 1, batch_size):
        yield order[start : start + batch_size]
