"""Facts of the data sets, and how a network is fitted to them."""

import pytest

from resnet_core import ArchSpec, Refusal, TrainSpec, preset
from resnet_core.recipe import TRAIN_FIELDS, DataChoice
from resnet_core.train.data import load
from resnet_core.train.facts import DATA, MADE, enlargement, facts, fit, steps_per_epoch


@pytest.mark.parametrize("choice", [DataChoice(), DataChoice("shapes", 16), DataChoice("shapes", 40)])
def test_the_table_is_what_is_loaded(choice: DataChoice) -> None:
    known, images = facts(choice), load(choice)
    assert images.train_pixels.shape == (known.train, known.channels, known.size, known.size)
    assert images.test_pixels.shape == (known.test, known.channels, known.size, known.size)
    assert set(images.train_labels.tolist()) == set(range(known.classes))
    assert int(images.train_pixels.max()) == known.brightest


def test_every_data_set_of_the_recipe_has_its_facts_and_names_its_classes() -> None:
    assert set(TRAIN_FIELDS["data"].choices) == {*DATA, *MADE}
    for name in {*DATA, "shapes"}:
        known = facts(name)
        assert len(set(known.class_names)) == known.classes
        assert known.source
    assert [facts("cifar100").class_names[label] for label in (0, 1, 53, 99)] == [
        "apple",
        "aquarium fish",
        "orange",
        "worm",
    ]
    assert facts(TrainSpec(data="shapes", side=24).images).size == 24


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


def test_a_network_takes_the_channels_and_classes_of_its_data() -> None:
    fitted = fit(preset("resnet50"), "cifar100")
    assert (fitted.in_channels, fitted.num_classes, fitted.image_size) == (3, 100, 32)
    assert fit(preset("resnet50"), "fashion_mnist").image_size == 56
    assert fit(preset("resnet50"), DataChoice("shapes", 9)).image_size == 36
    assert steps_per_epoch("cifar10", 128) == 390


def test_unknown_data_and_a_batch_larger_than_the_data_are_refused() -> None:
    with pytest.raises(Refusal, match=r"cats.*digits"):
        fit(ArchSpec(), "cats")
    assert steps_per_epoch("digits", 128) == 11
    assert steps_per_epoch("digits", 1437) == 1
    with pytest.raises(Refusal, match=r"1438.*1437"):
        steps_per_epoch("digits", 1438)
