"""The images on their device, and their order."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from resnet_core import Refusal
from resnet_core.recipe import DataChoice
from resnet_core.train.data import Images, batches, load, read_digits
from resnet_core.train.data.augment import augmented

EVERY = slice(None)


def all_of(images: Images) -> torch.Tensor:
    return images.train_batch(torch.arange(len(images.train_labels)))[0]


def test_training_images_are_normalised_and_test_images_by_the_same_numbers() -> None:
    images = load("digits")
    assert all_of(images).mean().item() == pytest.approx(0, abs=1e-5)
    assert all_of(images).std().item() == pytest.approx(1, abs=1e-4)
    restored = images.test_batch(EVERY)[0] * images.std + images.mean
    assert torch.allclose(restored, images.test_pixels.float(), atol=1e-4)
    assert (images.test_pixels.min().item(), images.test_pixels.max().item()) == (0, 16)


def test_digits_are_normalised_in_float64_and_then_rounded() -> None:
    """So that every figure that was ever recorded from a seed can be recorded again, to the last bit."""
    pixels, _, train, _ = read_digits()
    expected = (pixels[train] - pixels[train].mean()) / pixels[train].std()
    assert torch.equal(all_of(load("digits"))[:, 0], torch.from_numpy(expected).to(torch.float32))


def test_colour_images_lose_the_mean_of_each_pixel() -> None:
    images = load(DataChoice("shapes", 8))
    assert (images.train_pixels.dtype, images.mean.shape) == (torch.uint8, (3, 8, 8))
    normal = all_of(images)
    assert normal.mean(dim=0).abs().max().item() < 1e-4
    assert normal.std().item() == pytest.approx(1, abs=1e-3)
    expected = (images.test_pixels.double() - images.train_pixels.double().mean(dim=0)) / images.std
    assert torch.allclose(images.test_batch(EVERY)[0].double(), expected, atol=1e-5)


def test_the_split_is_stratified_disjoint_and_always_the_same() -> None:
    images = load("digits")
    shares = torch.bincount(images.test_labels) / len(images.test_labels)
    assert torch.allclose(shares, torch.bincount(images.train_labels) / len(images.train_labels), atol=0.004)
    _, _, train, test = read_digits()
    assert sorted([*train, *test]) == list(range(1797))
    # a link must mean the same images next year
    assert images.test_labels[:12].tolist() == [7, 6, 3, 7, 7, 3, 2, 8, 9, 3, 2, 6]


def test_the_digits_are_what_scikit_learn_reads_and_splits() -> None:
    pixels, labels, train, test = read_digits()
    digits = load_digits()
    assert np.array_equal(pixels, digits.images)
    assert np.array_equal(labels, digits.target)
    drawn = train_test_split(np.arange(1797), test_size=360, stratify=digits.target, random_state=0)
    assert np.array_equal(train, drawn[0])
    assert np.array_equal(test, drawn[1])


def test_enlarging_repeats_pixels() -> None:
    small, large = load("digits").test_batch(EVERY)[0], load("digits", 32).test_batch(EVERY)[0]
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


@pytest.mark.parametrize("kind", ["shift", "shift_flip"])
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_each_image_is_a_crop_of_its_padded_self(kind: str, order: torch.memory_format) -> None:
    """Every place occurs, and nothing else: padded by an eighth, cut at one of 9 x 9 corners, perhaps mirrored."""
    images = torch.rand(600, 2, 32, 32, generator=torch.Generator().manual_seed(0)) + 1  # never zero, unlike the pad
    out = augmented(images.contiguous(memory_format=order), kind, torch.Generator().manual_seed(0))
    assert out.shape == images.shape
    seen = set()
    for image, varied in zip(torch.nn.functional.pad(images, (4, 4, 4, 4)), out, strict=True):
        inside = varied[0] != 0
        rows, columns = inside.any(dim=1).nonzero(), inside.any(dim=0).nonzero()
        corners = (
            (y, x) for y in (32 - len(rows) + 4, 4 - 32 + len(rows)) for x in (36 - len(columns), len(columns) - 28)
        )
        match = [
            (y, x, mirrored)
            for y, x in corners
            for mirrored in (False, True)
            if torch.equal(
                image[:, y : y + 32, x : x + 32].flip(2) if mirrored else image[:, y : y + 32, x : x + 32], varied
            )
        ]
        assert match
        seen.add(match[0])
    assert {y for y, _, _ in seen} == {x for _, x, _ in seen} == set(range(9))
    assert {mirrored for _, _, mirrored in seen} == ({False, True} if kind == "shift_flip" else {False})


def test_augmentation_depends_on_its_generator_alone_and_leaves_the_data_alone() -> None:
    images, index = load(DataChoice("shapes", 16)), torch.arange(64)
    before = images.train_pixels.clone()

    def batch(seed: int) -> torch.Tensor:
        return images.train_batch(index, "shift_flip", torch.Generator().manual_seed(seed))[0]

    torch.manual_seed(1)
    first = batch(0)
    torch.manual_seed(2)
    assert torch.equal(batch(0), first)
    assert not torch.equal(batch(1), first)
    assert torch.equal(images.train_pixels, before)
    assert torch.equal(images.train_batch(index)[0], images.train_batch(index, "none")[0])
    assert not torch.equal(images.train_batch(index)[0], first)


def test_digits_move_by_one_pixel_before_they_are_enlarged() -> None:
    images = load("digits", 32)
    out, _ = images.train_batch(torch.arange(32), "shift", torch.Generator().manual_seed(0))
    assert out.shape == (32, 1, 32, 32)
    blocks = out.unfold(2, 4, 4).unfold(3, 4, 4)
    assert torch.equal(blocks.amax(dim=(-1, -2)), blocks.amin(dim=(-1, -2)))
