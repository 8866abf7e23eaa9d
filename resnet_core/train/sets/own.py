"""A visitor's own images: a zip with a folder for each class, checked image by image and kept decoded.

Nothing is unpacked to disk under a name from the archive: each image is read from the zip, decoded, cut to its middle
square, resized, and appended to one file of pixels, which is then split into training and test images.
"""

import hashlib
import io
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import DataChoice, TrainSpec
from resnet_core.records import to_json
from resnet_core.train.facts import DataFacts, facts
from resnet_core.train.folder import ARCHIVE, MANIFEST, alone, archive_facts, own_folder, writing
from resnet_core.train.records import ArchiveFacts
from resnet_core.train.sets.arrays import Arrays, Bytes, open_kept, replacing, with_statistics, write_array
from resnet_core.train.sets.entries import Listing, listing, open_zip
from resnet_core.train.sets.images import decode

MAX_KEPT_BYTES = 1_000_000_000  # of one archive's decoded pixels
MAX_ALL_BYTES = 4_000_000_000  # of all archives' together: the longest unused go first
MAX_REASONS = 100
PIXELS = "pixels"
SPLIT_SEED = 0
TEST_SHARE = 0.2
ROWS = 256  # images copied at once

# Of one file of the archive, which is then left out.
UNREADABLE = (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
Progress = Callable[[int, int], None]


def uploads_allowed() -> bool:
    """Whether visitors may upload: yes, unless ``$RESNET_EXPLORER_UPLOADS`` says 0, false, no or off."""
    return os.environ.get("RESNET_EXPLORER_UPLOADS", "").strip().lower() not in ("0", "false", "no", "off")


def accept_archive(
    file: bytes | str | Path | IO[bytes], *, side: int, progress: Progress | None = None
) -> ArchiveFacts:
    """Check a zip of images and keep it decoded at ``side``; its facts, whose ``archive`` names it from now on.

    Each class is split by a fixed seed: a fifth for testing, at least one image for either part. Files that are no
    images are counted and named in the facts. ``progress`` hears how many of how many images are read. The same zip at
    the same side is the same archive.
    """
    if not uploads_allowed():
        raise Refusal(N_("This installation takes no images from visitors."), field="data")
    TrainSpec(side=side)  # refuses a side out of bounds
    with _opened(file) as opened, open_zip(opened) as archive:
        name = _digest(opened, side)
        folder = own_folder(name)
        assert folder is not None, "a digest is a name"
        with writing(folder.parent), alone(folder):
            known = archive_facts(name)
            if known is not None and here(DataChoice("own", side, name)):
                return known
            told = _keep(folder, archive, listing(archive), side, progress or (lambda _done, _all: None))
            _make_room(folder)
            return told


def here(choice: DataChoice) -> bool:
    """Whether a visitor's archive is kept whole."""
    folder = own_folder(choice.archive)
    try:
        return folder is not None and open_kept(folder, facts(choice)) is not None
    except Refusal:
        return False


def read(known: DataFacts, choice: DataChoice) -> Arrays:
    """The images of a visitor's archive."""
    folder = own_folder(choice.archive)
    arrays = open_kept(folder, known) if folder else None
    if folder is None or arrays is None:
        raise Refusal(
            N_("The uploaded archive {archive} is damaged here: upload it again."), field="data", archive=choice.archive
        )  # fmt: skip
    with suppress(OSError):  # it counts as used, if the folder may be written
        os.utime(folder)
    return arrays


@contextmanager
def _opened(file: bytes | str | Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if isinstance(file, bytes):
        yield io.BytesIO(file)
    elif isinstance(file, str | Path):
        try:
            opened = Path(file).open("rb")  # noqa: SIM115 - it is closed below; an OSError of its user is not ours
        except OSError as error:
            raise Refusal(
                N_("{file} cannot be read: {reason}."),
                field="data", file=str(file), reason=error.strerror or str(error),
            ) from error  # fmt: skip
        with opened:
            yield opened
    else:
        yield file


def _digest(opened: IO[bytes], side: int) -> str:
    digest = hashlib.sha256(f"{side}\n".encode())
    opened.seek(0)
    while block := opened.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()[:16]


def _keep(folder: Path, archive: zipfile.ZipFile, found: Listing, side: int, progress: Progress) -> ArchiveFacts:
    count = sum(map(len, found.classes.values()))
    if count * 3 * side**2 > MAX_KEPT_BYTES:
        raise Refusal(
            N_("{count:,} images of {side}x{side} pixels take {size:.1f} GB here, more than {most:.1f} GB: choose a "
               "smaller side, or fewer images."),
            field="side", count=count, side=side, size=count * 3 * side**2 / 1e9, most=MAX_KEPT_BYTES / 1e9,
        )  # fmt: skip
    reasons = dict(found.reasons)
    with replacing(folder) as part:
        labels = _decode_all(part / PIXELS, archive, found, side, reasons, progress)
        for name, images in zip(found.classes, np.bincount(labels, minlength=len(found.classes)).tolist(), strict=True):
            if images < 2:
                raise Refusal(
                    N_("The class {name} has {count} images that can be read; it needs at least 2, one to learn from "
                       "and one to be tested on."),
                    field="data", name=name, count=images,
                )  # fmt: skip
        train, test = split(labels)
        _write(part, labels, train, test, side)
        told = ArchiveFacts(
            archive=folder.name,
            side=side,
            class_names=tuple(found.classes),
            train=len(train),
            test=len(test),
            left_out=len(reasons),
            reasons=dict(list(reasons.items())[:MAX_REASONS]),
        )
        (part / MANIFEST).write_text(to_json(told), encoding="utf-8")
    return told


def _decode_all(
    pixels: Path, archive: zipfile.ZipFile, found: Listing, side: int, reasons: dict[str, str], progress: Progress
) -> Bytes:
    """Append every image that can be read to the file ``pixels``; their labels. Of the others, the reason."""
    labels = []
    every = [(label, info) for label, infos in enumerate(found.classes.values()) for info in infos]
    with pixels.open("wb") as file:
        for done, (label, info) in enumerate(every):
            progress(done, len(every))
            try:
                # Python stops at the size that the list of contents gives, and compares a checksum: what unpacks to
                # more than it says is broken.
                image = decode(archive.read(info), side)
            except UNREADABLE:
                reasons[info.filename] = N_("broken, or no image")
                continue
            file.write(image.tobytes())
            labels.append(label)
    progress(len(every), len(every))
    return np.array(labels, np.uint8)


def split(labels: Bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows for training and for testing: of each class a fifth, and at least one, is tested. Always the same."""
    random = np.random.default_rng(SPLIT_SEED)
    train, test = [], []
    for label in range(int(labels.max()) + 1):
        rows = random.permutation(np.flatnonzero(labels == label))
        tested = max(1, round(TEST_SHARE * len(rows)))
        test.append(rows[:tested])
        train.append(rows[tested:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))


def _write(part: Path, labels: Bytes, train: NDArray[np.int64], test: NDArray[np.int64], side: int) -> None:
    """The arrays of both parts, copied from the file of all pixels a few images at a time; that file goes."""
    image = (3, side, side)
    pixels = np.memmap(part / PIXELS, np.uint8, "r", shape=(len(labels), *image))
    mapped = {}
    for name, rows in (("train", train), ("test", test)):
        file = part / f"{name}_pixels.npy"
        some = (pixels[rows[start : start + ROWS]] for start in range(0, len(rows), ROWS))
        write_array(file, (len(rows), *image), np.uint8, some)
        mapped[name] = np.load(file, mmap_mode="r", allow_pickle=False)
    arrays = with_statistics((mapped["train"], labels[train]), (mapped["test"], labels[test]))._asdict()
    for name in ("train_labels", "test_labels", "mean", "std"):
        write_array(part / f"{name}.npy", arrays[name].shape, arrays[name].dtype, [arrays[name]])
    (part / PIXELS).unlink()


def _make_room(newest: Path) -> None:
    """Let go of the archives that were used longest ago until the rest fits; a training that has one mapped goes on."""
    folders = {}
    for folder in newest.parent.iterdir():
        with suppress(OSError):  # another process is clearing it away
            if ARCHIVE.fullmatch(folder.name) and folder != newest:
                folders[folder] = folder.stat().st_mtime
    left = MAX_ALL_BYTES - _bytes(newest)
    for folder in sorted(folders, key=folders.__getitem__, reverse=True):
        left -= _bytes(folder)
        if left < 0:
            shutil.rmtree(folder, ignore_errors=True)


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
