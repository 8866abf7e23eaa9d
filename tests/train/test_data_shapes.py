"""The drawn set: always the same, balanced, and told apart by the outline alone."""

import time

import numpy as np
import pytest

from resnet_core.recipe import DataChoice
from resnet_core.train.facts import facts
from resnet_core.train.sets import read, shapes


def test_the_same_side_is_the_same_set_and_another_side_another() -> None:
    first, again = read(DataChoice("shapes", 16)), read(DataChoice("shapes", 16))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.train_labels, read(DataChoice("shapes", 17)).train_labels)
    assert not np.array_equal(first.train_pixels[:1000], first.test_pixels)


def test_it_is_drawn_in_about_a_second_with_as_many_of_each_class() -> None:
    started = time.process_time()
    drawn = read(DataChoice("shapes", 32))
    assert time.process_time() - started < 5  # measured: 0.6 s
    assert drawn.train_pixels.shape == (5000, 3, 32, 32)
    assert np.bincount(drawn.train_labels).tolist() == [625] * 8
    assert np.bincount(drawn.test_labels).tolist() == [125] * 8


def test_colour_does_not_tell_the_class() -> None:
    """The classes' mean pictures and mean colours differ no more than those of classes dealt at random."""
    drawn = read(DataChoice("shapes", 32))
    colours = drawn.train_pixels.mean(axis=(2, 3))

    def spread(labels: np.ndarray) -> float:
        return float(np.std([colours[labels == label].mean(axis=0) for label in range(8)], axis=0).max())

    dealt = [spread(np.random.default_rng(seed).permutation(drawn.train_labels)) for seed in range(20)]
    assert spread(drawn.train_labels) < 1.5 * max(dealt)


@pytest.mark.parametrize(("label", "turns"), [(0, 36), (2, 4), (3, 3), (4, 4), (5, 5), (6, 2), (7, 1)])
def test_an_outline_has_the_symmetry_of_its_name(label: int, turns: int) -> None:
    """Turned by its own angle it is itself; turned by half of that it is not (a circle: by any)."""
    axis = np.linspace(-1.2, 1.2, 101, dtype=np.float32)
    u, v = np.meshgrid(axis, axis)

    def inside(angle: float) -> np.ndarray:
        x, y = np.cos(angle) * u - np.sin(angle) * v, np.sin(angle) * u + np.cos(angle) * v
        return shapes.OUTLINES[label](x.astype(np.float32), y.astype(np.float32)) < 0

    still, turned, half = (inside(angle) for angle in (0, 2 * np.pi / turns, np.pi / turns))
    area = still.sum()
    assert 0.03 < area / still.size < 0.6
    assert (still ^ turned).sum() < 0.02 * area
    assert label == 0 or (still ^ half).sum() > 0.05 * area


def test_large_pictures_are_fewer() -> None:
    assert (facts(DataChoice("shapes", 96)).train, facts(DataChoice("shapes", 8)).test) == (5000, 1000)
    large = facts(DataChoice("shapes", 224))
    assert large.train * 224**2 <= 5000 * 96**2
    assert large.train > 900
