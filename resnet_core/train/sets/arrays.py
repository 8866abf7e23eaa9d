"""Decoded data sets as arrays, and how they are kept beside the archives so that the next start maps them at once."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resnet_core.errors import N_, Refusal
from resnet_core.train.facts import DataFacts
from resnet_core.train.folder import alone, data_folder, writing

CHUNK = 1000  # images whose pixels are widened at once
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
SOURCE = "source.txt"

Bytes = NDArray[np.uint8]


class Arrays(NamedTuple):
    """A data set in numbers. Pixels are uint8 ``(N, C, H, W)``, labels uint8 ``(N,)``.

    ``mean`` (float32 ``(C, H, W)``) is the mean of the training images, pixel by pixel; ``std`` (float64 ``(1,)``) the
    standard deviation of what is left after it is subtracted.
    """

    train_pixels: Bytes
    train_labels: Bytes
    test_pixels: Bytes
    test_labels: Bytes
    mean: NDArray[np.float32]
    std: NDArray[np.float64]


def with_statistics(train: tuple[Bytes, Bytes], test: tuple[Bytes, Bytes]) -> Arrays:
    """Pixels and labels of both parts with the training part's mean and standard deviation.

    Sums are of whole numbers, so exact; the rounding is that of the last divisions.
    """
    pixels = train[0]
    total, squares = np.zeros(pixels.shape[1:], np.int64), 0
    for start in range(0, len(pixels), CHUNK):
        block = pixels[start : start + CHUNK].astype(np.int32)
        total += block.sum(axis=0)
        squares += int(np.square(block, out=block).sum(dtype=np.int64))
    mean = total / len(pixels)
    variance = squares / pixels.size - float(np.square(mean).mean())
    std = np.array([max(variance, 1e-12) ** 0.5])  # images all of one colour are not divided by zero
    return Arrays(*train, *test, mean.astype(np.float32), std)


def broken(file: Path, reason: str) -> Refusal:
    """The refusal of a file of a published data set that is not what was published; the file stays as it is."""
    return Refusal(
        N_("{file} cannot be read as images ({reason}). Replace it, or move it away so that it is fetched anew."),
        field="data", file=str(file), reason=reason,
    )  # fmt: skip


def shapes_of(known: DataFacts) -> dict[str, tuple[tuple[int, ...], Any]]:
    """What each array of these images is to look like: its shape and its kind of number."""
    image = (known.channels, known.size, known.size)
    return {
        "train_pixels": ((known.train, *image), np.uint8),
        "train_labels": ((known.train,), np.uint8),
        "test_pixels": ((known.test, *image), np.uint8),
        "test_labels": ((known.test,), np.uint8),
        "mean": (image, np.float32),
        "std": ((1,), np.float64),
    }


def decoded_folder(known: DataFacts) -> Path:
    """Where the decoded arrays of a published set are kept."""
    return data_folder() / "decoded" / known.name


def open_kept(folder: Path, known: DataFacts) -> Arrays | None:
    """The arrays kept in ``folder``, mapped into memory; None where one is absent, truncated or of another shape.

    Mapped privately (mode ``c``): several processes share the pages, and nobody writes the file.
    """
    found = {}
    for name, (shape, kind) in shapes_of(known).items():
        try:
            array = np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if array.shape != shape or array.dtype != kind:
            return None
        found[name] = array
    return Arrays(**found)


def kept(known: DataFacts, source: str | None, make: Callable[[], Arrays]) -> Arrays:
    """The arrays from their folder, or made once and kept there.

    ``source`` describes the files that they are made from; if others lie there now, they are made anew. None: there are
    no such files any more, and what is kept is good. Where nothing may be written, they are made each time.
    """
    folder = decoded_folder(known)

    def look() -> Arrays | None:
        if source is not None and _text(folder / SOURCE) != source:
            return None
        return open_kept(folder, known)

    found = look()
    if found is not None:
        return found
    try:
        with alone(folder):
            found = look()  # made by another process meanwhile
            if found is None:
                found = make()
                keep(folder, found._asdict(), {SOURCE: source or ""})
            return found
    except OSError as error:
        if error.errno in READ_ONLY:
            return make()
        with writing(folder):
            raise


def keep(folder: Path, arrays: dict[str, NDArray[Any]], texts: dict[str, str]) -> None:
    """Write arrays and texts into ``folder`` as one."""
    with replacing(folder) as part:
        for name, array in arrays.items():
            write_array(part / f"{name}.npy", array.shape, array.dtype, [array])
        for name, text in texts.items():
            (part / name).write_text(text, encoding="utf-8")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``folder`` at the end, so that nobody sees half of it; or, if the writing
    fails, nothing. A process that has the old one mapped keeps its pages."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    try:
        yield part
        part.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_array(path: Path, shape: tuple[int, ...], kind: Any, rows: Iterable[NDArray[Any]]) -> None:
    """An ``.npy`` file from consecutive rows of it, so that they need not be in memory at once.

    numpy's own writer reports a full disk without its reason.
    """
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for some in rows:
            file.write(np.ascontiguousarray(some).data)
        file.flush()
        os.fsync(file.fileno())  # some file systems find out only here that they are full


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
