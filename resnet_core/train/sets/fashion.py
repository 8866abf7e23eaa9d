"""Fashion-MNIST: four idx files, packed with gzip or not.

Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747; the format: http://yann.lecun.com/exdb/mnist, "FILE FORMATS". Two zero
bytes, the kind of number (8: unsigned byte), the number of axes, each axis as four bytes, then the bytes.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from resnet_core.train.facts import DataFacts
from resnet_core.train.folder import data_folder
from resnet_core.train.sets.arrays import Arrays, Bytes, broken, with_statistics

FOLDER = "FashionMNIST/raw"  # where torchvision leaves them too
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
UNSIGNED_BYTE = 8


def find() -> list[Path] | None:
    """The four files in the data folder, each unpacked if it can be had so; None if one is missing."""
    found = [next((file for file in _both(name) if file.is_file()), None) for name in FILES]
    files = [file for file in found if file is not None]
    return files if len(files) == len(FILES) else None


def read(known: DataFacts, files: list[Path]) -> Arrays:
    """The images of the four files, checked: shapes, counts and labels are the published ones."""
    image = (known.channels, known.size, known.size)
    parts = []
    for pixels_file, labels_file, count in ((files[0], files[1], known.train), (files[2], files[3], known.test)):
        pixels = _read(pixels_file, (count, *image[1:])).reshape(count, *image)
        labels = _read(labels_file, (count,))
        if labels.max() >= known.classes:
            raise broken(labels_file, f"labels to {labels.max()}")
        parts.append((pixels, labels))
    return with_statistics(*parts)


def _both(name: str) -> tuple[Path, Path]:
    folder = data_folder() / FOLDER
    return folder / name, folder / f"{name}.gz"


def _read(file: Path, shape: tuple[int, ...]) -> Bytes:
    """The array of an idx file, which must have this shape. No more is unpacked than that takes."""
    head = struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)
    size = int(np.prod(shape))
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
            found, data = opened.read(len(head)), opened.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise broken(file, str(error) or type(error).__name__) from error
    if found != head:
        raise broken(file, f"no idx file of {' x '.join(map(str, shape))} bytes")
    if len(data) != size:
        raise broken(file, f"{len(data):,} bytes where {size:,} should follow")
    return np.frombuffer(bytearray(data), np.uint8).reshape(shape)  # bytes would make an array that torch warns of
