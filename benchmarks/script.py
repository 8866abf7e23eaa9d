"""What the trainings here are measured against: the script that one would write with PyTorch alone.

``python -m benchmarks.script DEPTH DATA SIDE STEPS`` trains a CIFAR ResNet in float32, contiguous, with a DataLoader
in its default settings and with as many threads as PyTorch takes by itself, and prints images a second as JSON. Its
network
is written out here, so that nothing of the project's own model is in what the project is compared with.
"""

import json
import sys
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from resnet_core.train.data import load

BATCH = 128
WARM_UP = 5  # steps that are not counted


class Block(nn.Module):
    """Two 3x3 convolutions and the shortcut of option A: every second pixel, and zeros for the new channels."""

    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inward, outward, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outward)
        self.conv2 = nn.Conv2d(outward, outward, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outward)
        self.stride, self.added = stride, outward - inward

    def forward(self, x: Tensor) -> Tensor:
        """Images in, images out."""
        out = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        if self.stride > 1 or self.added:
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return functional.relu(out + x, inplace=True)


def network(depth: int, channels: int, classes: int) -> nn.Module:
    """The CIFAR ResNet with ``depth`` = 6n + 2 weight layers."""
    layers: list[nn.Module] = [nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    inward = 16
    for outward in (16, 32, 64):
        for number in range((depth - 2) // 6):
            layers.append(Block(inward, outward, 2 if number == 0 and outward > 16 else 1))
            inward = outward
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def main(depth: int, data: str, side: int, steps: int) -> None:
    """Train for so many steps."""
    torch.manual_seed(0)
    images = load(data, side)
    inputs, labels = images.train_batch(torch.arange(len(images.train_labels)))
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=BATCH, shuffle=True)
    model = network(depth, inputs.shape[1], int(labels.max()) + 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps)
    model.train()
    done, started = 0, 0.0
    seen = 0
    while done < steps:
        for x, y in loader:
            if done == WARM_UP:
                started, seen = perf_counter(), 0
            loss = functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            done, seen = done + 1, seen + len(y)
            if done == steps:
                break
    params = sum(parameter.numel() for parameter in model.parameters())
    print(json.dumps({"images_per_s": seen / (perf_counter() - started), "params": params}))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
