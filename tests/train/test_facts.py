"""Facts of the data sets, and how a network is fitted to them."""

import pytest

from resnet_core import ArchSpec, Refusal, preset
from resnet_core.train.data import load
from resnet_core.train.facts import DATA, enlargement, fit, steps_per_epoch


def test_the_table_is_what_the_files_hold() -> None:
    known, images = DATA["digits"], load("digits")
    assert images.train_pixels.shape == (known.train, known.channels, known.size, known.size)
    assert images.test_pixels.shape == (known.test, known.channels, known.size, known.size)
    assert len(set(images.train_labels.tolist())) == known.classes


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (ArchSpec(), 8),
        (ArchSpec(stages=(1,)), 8),
        (ArchSpec(stages=(1, 1, 1, 1)), 8),
        (ArchSpec(stages=(1, 1, 1, 1, 1)), 16),
        (preset("resnet50"), 32),
    ],
)
def test_images_are_enlarged_by_the_smallest_power_of_two_that_leaves_a_map(spec: ArchSpec, size: int) -> None:
    fitted = fit(spec, "digits")
    assert fitted.image_size == size == 8 * enlargement(spec)
    assert (fitted.in_channels, fitted.num_classes) == (1, 10)
    assert set(spec.differences(fitted)) <= {"in_channels", "num_classes", "image_size"}


def test_unknown_data_and_a_batch_larger_than_the_data_are_refused() -> None:
    with pytest.raises(Refusal, match=r"cats.*digits"):
        fit(ArchSpec(), "cats")
    assert steps_per_epoch("digits", 128) == 11
    assert steps_per_epoch("digits", 1437) == 1
    with pytest.raises(Refusal, match=r"1438.*1437"):
        steps_per_epoch("digits", 1438)
