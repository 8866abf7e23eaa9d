"""Coloured shapes, drawn here: a data set of any size that needs no network.

Each picture holds one filled outline. Class, place, size, turn and both colours are drawn independently of each other,
so that neither the colour nor the amount of it tells the class; the ground slopes in brightness and carries noise.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from resnet_core.train.facts import DataFacts
from resnet_core.train.sets.arrays import Arrays, Bytes, with_statistics

SEED = 20151210  # the day of arXiv:1512.03385
CHUNK_BYTES = 1 << 22  # of float32 pixels that are drawn at once, so that they stay in the processor's cache
CONTRAST = 0.35  # smallest distance of the two colours, of a longest one of 1.7
NOISE = 0.06

Floats = NDArray[np.float32]


def _bar(u: Floats, v: Floats, length: float, width: float) -> Floats:
    return np.maximum(np.abs(u) - np.float32(length), np.abs(v) - np.float32(width))


def _star(u: Floats, v: Floats) -> Floats:
    """Five points: the plane folded into the tenth that holds half a point, and the line along that point's edge."""
    angle = np.arctan2(u, v)
    tenth = np.float32(np.pi / 5)
    folded = np.abs(np.mod(angle + tenth, 2 * tenth) - tenth)
    radius = np.hypot(u, v)
    # The edge runs from the tip (radius 1, angle 0) to the notch (radius 0.45, angle pi/5).
    tip, notch = np.array([0.0, 1.0]), 0.45 * np.array([np.sin(tenth), np.cos(tenth)])
    normal = np.array([tip[1] - notch[1], notch[0] - tip[0]])
    normal /= np.linalg.norm(normal)
    x, y = radius * np.sin(folded), radius * np.cos(folded)
    across: Floats = (x - np.float32(tip[0])) * np.float32(normal[0]) + (y - np.float32(tip[1])) * np.float32(normal[1])
    return across


# How far a point lies outside each outline (inside: negative), in radii; in the order of the class names.
OUTLINES: tuple[Callable[[Floats, Floats], Floats], ...] = (
    lambda u, v: np.hypot(u, v) - np.float32(0.9),
    lambda u, v: np.abs(np.hypot(u, v) - np.float32(0.75)) - np.float32(0.22),
    lambda u, v: _bar(u, v, 0.78, 0.78),
    lambda u, v: np.maximum(np.abs(u) * np.float32(0.75**0.5) + v * np.float32(0.5), -v) - np.float32(0.5),
    lambda u, v: np.minimum(_bar(u, v, 0.95, 0.3), _bar(u, v, 0.3, 0.95)),
    _star,
    lambda u, v: _bar(u, v, 1.0, 0.32),
    lambda u, v: np.maximum(np.hypot(u, v) - np.float32(0.95), np.float32(0.75) - np.hypot(u - np.float32(0.5), v)),
)


def read(known: DataFacts) -> Arrays:
    """The set at the side of ``known``; always the same at the same side."""
    random = np.random.default_rng((SEED, known.size))
    train, test = (draw(count, known.size, random) for count in (known.train, known.test))
    return with_statistics(train, test)


def draw(count: int, side: int, random: np.random.Generator) -> tuple[Bytes, Bytes]:
    """Pictures ``(count, 3, side, side)`` and their labels, as many of each class as of any other, in random order."""
    labels = random.permutation(np.arange(count) % len(OUTLINES)).astype(np.uint8)
    pixels = np.empty((count, 3, side, side), np.uint8)
    chunk = max(1, CHUNK_BYTES // (12 * side * side))
    for start in range(0, count, chunk):
        some = labels[start : start + chunk]
        pixels[start : start + chunk] = _pictures(some, side, random)
    return pixels, labels


def _pictures(labels: Bytes, side: int, random: np.random.Generator) -> Bytes:
    radius, *place = random.uniform((0.38, -0.3, -0.3), (0.68, 0.3, 0.3), (len(labels), 3)).astype(np.float32).T
    turn = random.uniform(0, 2 * np.pi, len(labels)).astype(np.float32)
    colours = _colours(len(labels), random)
    slope = random.uniform(-0.15, 0.15, (len(labels), 2)).astype(np.float32)

    axis = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / side) - np.float32(1)
    x, y = axis[None, None, :] - place[0][:, None, None], axis[None, :, None] - place[1][:, None, None]
    cosine, sine = (part(turn)[:, None, None] / radius[:, None, None] for part in (np.cos, np.sin))
    u, v = cosine * x + sine * y, cosine * y - sine * x
    outside = np.empty_like(u)
    for label, outline in enumerate(OUTLINES):
        rows = labels == label
        outside[rows] = outline(u[rows], v[rows])
    # A pixel that the edge crosses is covered in part: 2 / side is the width of a pixel.
    covered = np.clip(np.float32(0.5) - outside * radius[:, None, None] * np.float32(side / 2), 0, 1)

    ground = slope[:, 0, None, None] * axis[None, None, :] + slope[:, 1, None, None] * axis[None, :, None]
    image = random.standard_normal((len(labels), 3, side, side), dtype=np.float32)
    image *= np.float32(NOISE)
    image += ground[:, None]
    image += colours[:, 0, :, None, None]
    image += covered[:, None] * (colours[:, 1] - colours[:, 0])[:, :, None, None]
    image *= np.float32(255)
    return np.clip(image, 0, 255, out=image).astype(np.uint8)


def _colours(count: int, random: np.random.Generator) -> Floats:
    """Ground and shape, ``(count, 2, 3)`` from 0 to 1: at random, and never so alike that the shape is lost."""
    colours = random.uniform(0.1, 0.9, (count, 2, 3))
    while (close := np.linalg.norm(colours[:, 0] - colours[:, 1], axis=1) < CONTRAST).any():
        colours[close] = random.uniform(0.1, 0.9, (int(close.sum()), 2, 3))
    return colours.astype(np.float32)
