"""Tensors as :class:`~resnet_core.probe.picture.Picture`. Imports torch."""

import torch
from torch import Tensor
from torch.nn import functional

from resnet_core.probe.picture import BRIGHTEST, Picture


def picture(
    values: Tensor, side: int, *, channels: tuple[int, ...] = (), scale: tuple[float, float] | None = None
) -> Picture:
    """Of a map ``(C, H, W)``, at most ``side`` values high and wide: squares of whole values are averaged.

    ``scale``: what 0 and 255 stand for, by default the least and the largest finite value.
    """
    values = values.detach().float().cpu()
    shrink = max(1, -(-max(values.shape[1:]) // side))
    if shrink > 1:
        values = functional.avg_pool2d(values, shrink, ceil_mode=True, count_include_pad=False)
    if scale is None:
        finite = values[values.isfinite()]
        scale = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    low, high = scale
    span = high - low
    shares = torch.nan_to_num((values.double() - low) / span, nan=0.0) if span > 0 else torch.zeros_like(values)
    data = (shares.clamp(0, 1) * BRIGHTEST).round().to(torch.uint8)
    count, height, width = values.shape
    return Picture.of(data.numpy().tobytes(), channels or tuple(range(count)), height, width, low, high, shrink)
