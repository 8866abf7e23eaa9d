"""How well a network does on images that it has not learned from."""

import torch
from torch.nn import functional

from resnet_core.model.network import ResNet
from resnet_core.train.data import Images
from resnet_core.train.numerics import Numerics


def evaluate(model: ResNet, images: Images, batch_size: int, numerics: Numerics) -> tuple[float, float]:
    """Accuracy (0 to 1) and mean cross entropy on the test images, with BatchNorm's running statistics.

    The module is left in evaluation mode. The device is waited for once, at the end.
    """
    model.eval()
    right, losses = [], []
    with torch.inference_mode():
        for start in range(0, len(images.test_labels), batch_size):
            inputs, labels = images.test_batch(slice(start, start + batch_size))
            with numerics.autocast():
                logits = model(numerics.images(inputs))
                losses.append(functional.cross_entropy(logits, labels, reduction="sum"))
            right.append((logits.argmax(dim=1) == labels).sum())
    count = len(images.test_labels)
    return sum(torch.stack(right).tolist()) / count, sum(torch.stack(losses).tolist()) / count
