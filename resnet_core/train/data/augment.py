"""The 2015 paper's augmentation, for a whole batch at once: pad, crop, mirror (arXiv:1512.03385, section 4.2)."""

import torch
from torch import Tensor
from torch.nn import functional

SHARE = 8  # the paper pads 4 pixels at a side of 32


def augmented(images: Tensor, kind: str, draw: torch.Generator | None = None) -> Tensor:
    """``(n, C, H, W)`` moved by up to an eighth of its side, and with ``shift_flip`` mirrored in one case of two.

    What moves in from outside is zero, which after normalisation is the mean image. The random numbers are drawn on the
    CPU, from ``draw`` or torch's own generator: one seed gives the same moves on every device.
    """
    if kind == "none":
        return images
    count, channels, height, width = images.shape
    pad = height // SHARE
    offsets = torch.randint(0, 2 * pad + 1, (2, count, 1), generator=draw)
    mirrored = torch.zeros(1, count, 1, dtype=torch.int64)
    if kind == "shift_flip":
        mirrored = torch.randint(0, 2, (1, count, 1), generator=draw)
    moves = torch.cat([offsets, mirrored])
    if images.is_cuda:
        moves = moves.pin_memory()  # so that the host need not wait for the transfer
    down, right, mirrored = moves.to(images.device, non_blocking=images.is_cuda)
    rows = down + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = right + torch.where(mirrored == 1, columns.flip(0), columns)
    # Both axes as one, so that one gather, which reads and writes in order, does crop and mirror.
    padded = functional.pad(images, (pad, pad, pad, pad))
    place = rows[:, :, None] * padded.shape[3] + columns[:, None, :]
    taken = padded.flatten(2).gather(2, place.view(count, 1, -1).expand(-1, channels, -1))
    return taken.view(images.shape)
