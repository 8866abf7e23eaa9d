"""What an uploaded zip lists: checked and sorted into classes before anything is unpacked."""

import io
import struct
import unicodedata
import zipfile
from dataclasses import dataclass, field
from typing import IO

from resnet_core.errors import N_, Refusal

MAX_ZIP_BYTES = 200_000_000
MAX_UNPACKED_BYTES = 1_000_000_000
MAX_IMAGE_BYTES = 50_000_000
MAX_IMAGES = 20_000
MAX_CLASSES = 100
MAX_LIST_BYTES = 20_000_000  # the zip's list of contents, which Python reads as a whole
NAME_LENGTH = 60
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp")
ENCRYPTED, UTF8 = 0x1, 0x800  # flag bits 0 and 11, APPNOTE.TXT, section 4.4.4
# Bzip2 and LZMA unpack without a limit in Python, and no usual program packs images so.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Listing:
    """The images of an archive by class, the classes sorted by name, and why other files are left out."""

    classes: dict[str, list[zipfile.ZipInfo]]
    reasons: dict[str, str] = field(default_factory=dict)


def open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """The zip, once its size and that of its list are within bounds."""
    size = file.seek(0, io.SEEK_END)
    if size > MAX_ZIP_BYTES:
        raise Refusal(
            N_("The archive has {size:.0f} MB; at most {most:.0f} MB are taken. Fewer or smaller images do: they are "
               "resized here anyway."),
            field="data", size=size / 1e6, most=MAX_ZIP_BYTES / 1e6,
        )  # fmt: skip
    if _list_bytes(file, size) > MAX_LIST_BYTES:
        raise _too_many(MAX_IMAGES)
    file.seek(0)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise Refusal(
            N_("This is no whole zip archive ({reason}). Was the upload cut off?"),
            field="data", reason=str(error) or type(error).__name__,
        ) from error  # fmt: skip


def listing(archive: zipfile.ZipFile) -> Listing:
    """The images by class. A class is a folder; one folder around all of them is looked through."""
    reasons: dict[str, str] = {}
    found: list[tuple[tuple[str, ...], zipfile.ZipInfo]] = []
    unpacked = 0
    for info in archive.infolist():
        path = _path(info)
        parts = tuple(part for part in path.split("/") if part not in ("", "."))
        if info.is_dir() or not parts or any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts):
            continue
        reason = _reason(info, path, parts)
        if reason:
            reasons[path] = reason
            continue
        unpacked += info.file_size
        found.append((parts, info))
    if unpacked > MAX_UNPACKED_BYTES:
        raise Refusal(
            N_("Unpacked, the archive has {size:.0f} MB of images; at most {most:.0f} MB are taken."),
            field="data", size=unpacked / 1e6, most=MAX_UNPACKED_BYTES / 1e6,
        )  # fmt: skip
    if len(found) > MAX_IMAGES:
        raise _too_many(len(found))
    return Listing(_classes(found, reasons), reasons)


def _classes(
    found: list[tuple[tuple[str, ...], zipfile.ZipInfo]], reasons: dict[str, str]
) -> dict[str, list[zipfile.ZipInfo]]:
    around = 1 if len({parts[0] for parts, _ in found}) == 1 and all(len(parts) > 2 for parts, _ in found) else 0
    classes: dict[str, list[zipfile.ZipInfo]] = {}
    for parts, info in found:
        if len(parts) < around + 2:
            reasons["/".join(parts)] = N_("in no class folder")
        else:
            classes.setdefault(_class_name(parts[around]), []).append(info)
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise Refusal(
            N_("The archive needs from 2 to {most} folders with images, one for each class; found {count}."),
            field="data", most=MAX_CLASSES, count=len(classes),
        )  # fmt: skip
    return dict(sorted(classes.items()))


def _reason(info: zipfile.ZipInfo, path: str, parts: tuple[str, ...]) -> str:
    """Why this file cannot be one of the images; empty if it may be one. Nothing is unpacked to find out."""
    if path.startswith("/") or ".." in parts or ":" in parts[0]:
        return N_("a path that leads out of the archive")
    if not parts[-1].lower().endswith(SUFFIXES):
        return N_("no image file that is read here (PNG, JPEG, BMP, GIF, WebP)")
    if info.flag_bits & ENCRYPTED:
        return N_("encrypted")
    if info.compress_type not in METHODS:
        return N_("packed in a way that is not read here")
    if info.file_size > MAX_IMAGE_BYTES:
        return N_("too large")
    return ""


def _too_many(count: int) -> Refusal:
    return Refusal(
        N_("The archive lists {count:,} images or more; at most {most:,} are taken."),
        field="data", count=count, most=MAX_IMAGES,
    )  # fmt: skip


def _path(info: zipfile.ZipInfo) -> str:
    """The name as it was meant. Without the UTF-8 flag Python reads code page 437; packers wrote UTF-8 or, on a Korean
    Windows, code page 949 (cp949)."""
    name = info.filename
    if not info.flag_bits & UTF8 and not name.isascii():
        for encoding in ("utf-8", "cp949"):
            try:
                name = info.orig_filename.encode("cp437").decode(encoding)
                break
            except UnicodeError:
                continue
    return name.replace("\\", "/")


def _class_name(folder: str) -> str:
    """A folder's name as it can be shown: composed (macOS takes Hangul apart), printable, not endless."""
    composed = unicodedata.normalize("NFC", folder)
    return "".join(letter for letter in composed if letter.isprintable()).strip()[:NAME_LENGTH] or "?"


def _list_bytes(file: IO[bytes], size: int) -> int:
    """How long the zip says that its list is (APPNOTE.TXT, section 4.3.16); more than any bound for a zip64, which a
    zip of these bounds never needs to be; 0 where there is no list, which Python then says."""
    tail_length = min(size, 22 + 0xFFFF + 20)
    file.seek(size - tail_length)
    tail = file.read(tail_length)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        return 0
    if tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        return MAX_LIST_BYTES + 1
    (length,) = struct.unpack_from("<I", tail, end + 12)
    return int(length)
