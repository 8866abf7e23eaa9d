"""How well a network does on images that it has not learned from."""

from typing import NamedTuple

import torch
from torch.nn import functional

from resnet_core.model.network import ResNet
from resnet_core.train.data import Images
from resnet_core.train.numerics import Numerics
from resnet_core.train.records import Answers
from resnet_core.train.samples import chosen, confusions


class Outcome(NamedTuple):
    """Accuracy (0 to 1), mean cross entropy, and what was answered."""

    accuracy: float
    loss: float
    answers: Answers


def evaluate(model: ResNet, images: Images, batch_size: int, numerics: Numerics) -> Outcome:
    """The answers to the test images, with BatchNorm's running statistics.

    The module is left in evaluation mode. The device is waited for before the first and after the last batch alone.
    """
    model.eval()
    labels = images.test_labels.cpu()
    numbers = chosen(labels.numpy())
    named, losses, shares, classes = [], [], [], 0
    with torch.inference_mode():
        for start in range(0, len(labels), batch_size):
            inputs, wanted = images.test_batch(slice(start, start + batch_size))
            with numerics.autocast():
                logits = model(numerics.images(inputs))
                losses.append(functional.cross_entropy(logits, wanted, reduction="sum"))
            named.append(logits.argmax(dim=1))
            rows = [number - start for number in sorted(numbers) if start <= number < start + len(wanted)]
            shares.append(logits[rows].float().softmax(dim=1).amax(dim=1))
            classes = logits.shape[1]
    answered = torch.cat(named).cpu()
    by_number = dict(zip(sorted(numbers), torch.cat(shares).tolist(), strict=True))
    answers = Answers(
        numbers=tuple(numbers),
        labels=tuple(labels[numbers].tolist()),
        named=tuple(answered[numbers].tolist()),
        shares=tuple(by_number[number] for number in numbers),
        confused=confusions(labels.numpy(), answered.numpy(), classes),
    )
    right = int((answered == labels).sum())
    return Outcome(right / len(labels), sum(torch.stack(losses).tolist()) / len(labels), answers)
