"""CIFAR-10 and CIFAR-100 as their author publishes them, binary or python, packed or not.

Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; https://www.cs.toronto.edu/~kriz/cifar.html. An
image is 3,072 bytes: 1,024 of red, then green, then blue, row by row, which is ``(C, H, W)`` as it stands.
"""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resnet_core.train.facts import DataFacts
from resnet_core.train.folder import data_folder
from resnet_core.train.sets import pickled
from resnet_core.train.sets.arrays import Arrays, Bytes, broken, with_statistics

MAX_MEMBER_BYTES = 250_000_000  # the largest of the real ones is CIFAR-100's training file, 156 MB
BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Layout:
    """One of the published forms. ``labels`` is how many label bytes precede an image; 0 in the python form."""

    archive: str
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: int = 0


LAYOUTS: dict[str, tuple[Layout, ...]] = {
    "cifar10": (
        Layout("cifar-10-binary.tar.gz", "cifar-10-batches-bin", tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
               ("test_batch.bin",), labels=1),
        Layout("cifar-10-python.tar.gz", "cifar-10-batches-py", tuple(f"data_batch_{i}" for i in range(1, 6)),
               ("test_batch",)),
    ),
    "cifar100": (
        Layout("cifar-100-binary.tar.gz", "cifar-100-binary", ("train.bin",), ("test.bin",), labels=2),
        Layout("cifar-100-python.tar.gz", "cifar-100-python", ("train",), ("test",)),
    ),
}  # fmt: skip


def find(name: str) -> tuple[Layout, list[Path]] | None:
    """The first published form that lies in the data folder, unpacked before packed, and its files."""
    for layout in LAYOUTS[name]:
        files = [data_folder() / layout.folder / member for member in layout.train + layout.test]
        if all(file.is_file() for file in files):
            return layout, files
    for layout in LAYOUTS[name]:
        archive = data_folder() / layout.archive
        if archive.is_file():
            return layout, [archive]
    return None


def read(known: DataFacts, layout: Layout, files: list[Path]) -> Arrays:
    """The images of the files that :func:`find` found, checked: shapes, counts and labels are the published ones."""
    where = files[0] if len(files) == 1 else files[0].parent
    parts: dict[str, tuple[Bytes, Bytes]] = {}
    try:
        for member, data in _packed(files[0], layout) if len(files) == 1 else _unpacked(files):
            parts[member] = _binary(data, layout.labels, known) if layout.labels else _python(data, known)
    except BROKEN as error:
        raise broken(where, str(error) or type(error).__name__) from error
    missing = [member for member in layout.train + layout.test if member not in parts]
    if missing:
        raise broken(where, f"no {missing[0]}")
    train, test = (_joined([parts[member] for member in members]) for members in (layout.train, layout.test))
    for (pixels, labels), count in ((train, known.train), (test, known.test)):
        if len(pixels) != count or labels.max(initial=0) >= known.classes:
            raise broken(where, f"{len(pixels):,} images instead of {count:,}, labels to {labels.max(initial=0)}")
    return with_statistics(train, test)


def _unpacked(files: list[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        if file.stat().st_size > MAX_MEMBER_BYTES:
            raise OSError(f"{file.name} is too large")
        yield file.name, file.read_bytes()


def _packed(archive: Path, layout: Layout) -> Iterator[tuple[str, bytes]]:
    """The members that matter, in one pass over the archive; nothing is written to disk."""
    wanted = set(layout.train + layout.test)
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            folder, _, name = member.name.removeprefix("./").rpartition("/")
            if folder == layout.folder and name in wanted and member.isreg():
                if member.size > MAX_MEMBER_BYTES:
                    raise OSError(f"{name} is too large")
                file = tar.extractfile(member)
                yield name, file.read() if file else b""
                wanted.discard(name)
            if not wanted:
                return


def _binary(data: bytes, label_bytes: int, known: DataFacts) -> tuple[Bytes, Bytes]:
    """Records of labels and pixels. CIFAR-100 has a coarse label before the fine one, which is the one taken."""
    length = label_bytes + known.channels * known.size**2
    if not data or len(data) % length:
        raise ValueError(f"{len(data):,} bytes are no whole number of images")
    rows = np.frombuffer(data, np.uint8).reshape(-1, length)
    return rows[:, label_bytes:].reshape(-1, known.channels, known.size, known.size), rows[:, label_bytes - 1]


def _python(data: bytes, known: DataFacts) -> tuple[Bytes, Bytes]:
    """A dictionary of Python 2: ``data`` ``(N, 3072)`` uint8, and ``labels`` or ``fine_labels``."""
    batch = pickled.read(data)
    values: dict[str, Any] = {}
    if isinstance(batch, dict):
        values = {key.decode("latin-1") if isinstance(key, bytes) else str(key): item for key, item in batch.items()}
    pixels, labels = values.get("data"), values.get("fine_labels", values.get("labels"))
    width = known.channels * known.size**2
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (width,):
        raise ValueError("no images of the published shape")
    try:
        targets = np.array(labels, np.int64)
    except (TypeError, ValueError, OverflowError):
        targets = np.zeros(0, np.int64)
    if targets.shape != pixels.shape[:1] or targets.min(initial=0) < 0 or targets.max(initial=0) > 255:
        raise ValueError("no label for each image")
    return pixels.reshape(-1, known.channels, known.size, known.size), targets.astype(np.uint8)


def _joined(parts: list[tuple[Bytes, Bytes]]) -> tuple[Bytes, Bytes]:
    return np.concatenate([pixels for pixels, _ in parts]), np.concatenate([labels for _, labels in parts])
