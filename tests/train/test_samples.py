"""The images whose answers are followed: the same for all, from every class, and answered by the test itself."""

import base64

import numpy as np
import torch

from resnet_core import ArchSpec, TrainSpec, build
from resnet_core.jobs.work import samples as task
from resnet_core.train import loop
from resnet_core.train.data import load
from resnet_core.train.evaluation import evaluate
from resnet_core.train.facts import fit
from resnet_core.train.numerics import Numerics
from resnet_core.train.samples import COUNT, MATRIX, PAIRS, WIDEST, chosen, confusions, samples

SMALL = ArchSpec(stages=(1, 1, 1), width=4)
HOW = TrainSpec(epochs=2, precision="float32", memory_format="contiguous")


def test_every_class_is_among_them_in_order_and_none_twice() -> None:
    labels = np.random.default_rng(1).integers(0, 10, 500)
    numbers = chosen(labels)
    assert len(set(numbers)) == COUNT
    found = labels[numbers].tolist()
    assert found == sorted(found)
    assert sorted(set(found)) == list(range(10))
    assert max(found.count(label) for label in range(10)) == 2
    assert len(set(labels[chosen(np.arange(100) % 100)])) > COUNT / 2
    assert len(chosen([0, 1, 0])) == 3  # fewer images than places


def test_the_answers_are_those_of_the_network_and_count_every_test_image() -> None:
    images, model = load("digits"), build(fit(SMALL, "digits"), seed=0)
    accuracy, _, answers = evaluate(model, images, 100, Numerics.of(HOW))  # batches that cut through the chosen ones
    with torch.inference_mode():
        shares = model(images.test_batch(slice(None))[0]).softmax(dim=1)
    numbers = list(answers.numbers)
    assert numbers == chosen(images.test_labels.numpy())
    assert list(answers.labels) == images.test_labels[numbers].tolist()
    assert list(answers.named) == shares[numbers].argmax(dim=1).tolist()
    torch.testing.assert_close(torch.tensor(answers.shares), shares[numbers].amax(dim=1))
    assert sum(count for *_, count in answers.confused) == 360
    assert sum(count for row, column, count in answers.confused if row == column) == round(360 * accuracy)


def test_a_test_of_a_training_holds_them_and_no_other_step() -> None:
    records = list(loop.train(SMALL, HOW))
    assert [record.step for record in records if record.answers] == [11, 22]
    assert records[10].answers
    assert records[10].answers.numbers == next(
        record.answers.numbers for record in loop.train(SMALL, HOW.with_(seed=3)) if record.answers
    )


def test_of_many_classes_the_most_confused_pairs_are_kept() -> None:
    classes = MATRIX + 5
    labels = np.repeat(np.arange(classes), 10)
    named = labels.copy()
    named[:4] = 7  # four images of class 0
    named[20:] = (named[20:] + 1) % classes
    found = confusions(labels, named, classes)
    assert len(found) == PAIRS
    assert all(row != column for row, column, _ in found)
    assert [count for *_, count in found] == sorted((count for *_, count in found), reverse=True)
    few = confusions(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    assert few == ((0, 0, 1), (0, 1, 1), (1, 1, 1))


def test_shown_images_are_those_of_the_test_set_and_of_a_bounded_size() -> None:
    (shown,) = task("digits", 8, "", lambda *_args, **_values: None)
    images = load("digits")
    pixels = np.frombuffer(base64.b64decode(shown.pixels), np.uint8).reshape(-1, 8, 8)
    assert (shown.height, shown.width, shown.channels) == (8, 8, 1)
    assert (pixels == images.test_pixels[list(shown.numbers), 0].numpy().astype(int) * 255 // 16).all()
    large = samples(np.zeros((4, 3, 224, 200), np.uint8), np.arange(4), 255)
    assert max(large.height, large.width) <= WIDEST
    assert len(base64.b64decode(large.pixels)) == 4 * large.height * large.width * 3
