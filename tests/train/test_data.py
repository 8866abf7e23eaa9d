"""The images and their order."""

import pytest
import torch

from resnet_core import Refusal
from resnet_core.train.data import batches, load, read_digits


def test_training_images_are_normalised_and_test_images_by_the_same_numbers() -> None:
    images = load("digits")
    assert images.train_pixels.mean().item() == pytest.approx(0, abs=1e-5)
    assert images.train_pixels.std().item() == pytest.approx(1, abs=1e-4)
    restored = images.test_pixels * images.std + images.mean
    assert torch.allclose(restored, restored.round(), atol=1e-4)
    assert (round(restored.min().item()), round(restored.max().item())) == (0, 16)


def test_the_split_is_stratified_disjoint_and_always_the_same() -> None:
    images = load("digits")
    shares = torch.bincount(images.test_labels) / len(images.test_labels)
    assert torch.allclose(shares, torch.bincount(images.train_labels) / len(images.train_labels), atol=0.004)
    _, _, train, test = read_digits()
    assert sorted([*train, *test]) == list(range(1797))
    assert images.test_labels[:12].tolist() == [
        7,
        6,
        3,
        7,
        7,
        3,
        2,
        8,
        9,
        3,
        2,
        6,
    ]  # a link must mean the same images next year


def test_enlarging_repeats_pixels() -> None:
    small, large = load("digits").test_pixels, load("digits", 32).test_pixels
    assert large.shape[-2:] == (32, 32)
    for row, column in ((0, 0), (3, 3), (1, 2)):
        assert torch.equal(large[:, :, row::4, column::4], small)
    with pytest.raises(Refusal, match="12 is not a multiple of 8"):
        load("digits", 12)


def test_order_depends_on_seed_and_epoch_alone_and_drops_the_rest() -> None:
    images = load("digits")

    def order(epoch: int, seed: int) -> list[list[int]]:
        return [index.tolist() for index in batches(images, epoch, seed, 128)]

    torch.manual_seed(1)
    first = order(1, 0)
    torch.manual_seed(2)
    assert order(1, 0) == first
    assert order(2, 0) != first
    assert order(1, 1) != first
    assert [len(index) for index in first] == [128] * 11
    assert len({row for index in first for row in index}) == 11 * 128


def test_a_batch_larger_than_the_data_is_refused_with_both_numbers() -> None:
    images = load("digits")
    assert len(list(batches(images, 1, 0, 1437))) == 1
    with pytest.raises(Refusal, match=r"1500.*1437"):
        next(batches(images, 1, 0, 1500))
