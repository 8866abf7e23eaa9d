"""The modules that ``torch.nn`` lacks. Each class stands for itself: the exported source contains its very text."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ZeroPadShortcut(nn.Module):
    """Option A of arXiv:1512.03385, section 3.3: each stride-th pixel, zeros for added channels.

    Shape: (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.added, self.stride = outputs - inputs, stride

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))


class LearnedScale(nn.Module):
    """A factor that is learned: SkipInit (arXiv:2002.10444), ReZero (arXiv:2003.04887). Any shape."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([float(start)]))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x


class StochasticDepth(nn.Module):
    """arXiv:1603.09382, section 3: in training the branch is there for a whole batch, with the chance
    ``stays``, or it is zero; at test time it is scaled by that chance. Any shape.

    What is dropped has been computed, so BatchNorm's running statistics go on, and no time is saved.
    """

    def __init__(self, stays: float) -> None:
        super().__init__()
        self.stays = stays

    def forward(self, x: Tensor) -> Tensor:
        return x * (float(torch.rand(()) < self.stays) if self.training else self.stays)
