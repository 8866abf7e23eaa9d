"""A visitor's zip: what is taken, what is left out, and what is refused."""

import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet_core import Refusal, TrainSpec
from resnet_core.recipe import DataChoice
from resnet_core.train import sets
from resnet_core.train.data import load
from resnet_core.train.facts import facts
from resnet_core.train.sets import entries, own
from resnet_core.train.sets.images import decode

RED, GREEN, BLUE = (230, 20, 20), (20, 230, 20), (20, 20, 230)


def picture(colour: object = RED, size: tuple[int, int] = (40, 30), mode: str = "RGB", form: str = "PNG") -> bytes:
    """An image file of one colour."""
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, form)  # type: ignore[arg-type]
    return file.getvalue()


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def pets(count: int = 5, around: str = "") -> dict[str, bytes]:
    """Two classes: red cats, green dogs, each image of another shade."""
    return {
        f"{around}{name}/{i}.png": picture((colour[0] - i, colour[1] - i, colour[2]))
        for name, colour in (("dog", GREEN), ("cat", RED))
        for i in range(count)
    }


def test_folders_become_classes_in_order_of_name_split_by_a_fixed_seed(folder: Path) -> None:
    told = sets.accept_archive(packed(pets(10)), side=16)
    assert (told.class_names, told.side, told.train, told.test) == (("cat", "dog"), 16, 16, 4)
    assert (told.left_out, told.reasons) == (0, {})
    choice = DataChoice("own", 16, told.archive)
    known, images = facts(choice), load(choice)
    assert (known.classes, known.size, known.train, known.test) == (2, 16, 16, 4)
    assert TrainSpec(data="own", side=16, archive=told.archive).images == choice
    pixels, labels = (np.concatenate(both) for both in ((images.train_pixels, images.test_pixels),
                                                        (images.train_labels, images.test_labels)))  # fmt: skip
    shades = [int(pixel[label, 8, 8]) for pixel, label in zip(pixels, labels, strict=True)]
    assert pixels.shape == (20, 3, 16, 16)
    assert sorted(shades) == sorted([230 - i for i in range(10)] * 2)  # each image once
    assert sets.ready(choice)
    assert [path.name for path in (folder / "own").iterdir() if path.is_dir()] == [told.archive]
    assert not (folder / "own" / told.archive / "pixels").exists()


def test_the_same_zip_is_the_same_archive_and_another_side_another(folder: Path) -> None:
    data = packed(pets())
    (folder / "mine.zip").write_bytes(data)
    first = sets.accept_archive(data, side=8)
    kept = (folder / "own" / first.archive / "train_pixels.npy").stat().st_mtime_ns
    assert sets.accept_archive(folder / "mine.zip", side=8) == first
    assert sets.accept_archive(io.BytesIO(data), side=8) == first
    assert (folder / "own" / first.archive / "train_pixels.npy").stat().st_mtime_ns == kept
    assert sets.accept_archive(data, side=9).archive != first.archive


def test_progress_counts_images(folder: Path) -> None:
    assert folder.exists()
    heard: list[tuple[int, int]] = []
    sets.accept_archive(packed(pets(3)), side=8, progress=lambda done, count: heard.append((done, count)))
    assert heard == [(done, 6) for done in range(7)]


def test_what_is_no_image_is_left_out_and_named(folder: Path) -> None:
    assert folder.exists()
    broken = picture(size=(200, 200), mode="RGB")
    files = {
        **pets(4, around="photos/"),
        "__MACOSX/photos/cat/._0.png": b"junk",
        "photos/cat/.hidden.png": b"junk",
        "photos/.DS_Store": b"junk",
        "photos/cat/notes.txt": b"hello",
        "photos/cat/broken.png": broken[: len(broken) // 2],
        "photos/cat/text.jpg": b"this is no image",
        "photos/dog/script.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "../../outside/evil.png": picture(),
        "/abs/evil.png": picture(),
        "C:/evil/evil.png": picture(),
    }
    told = sets.accept_archive(packed(files), side=8)
    assert told.class_names == ("cat", "dog")
    assert told.train + told.test == 8
    assert told.left_out == len(told.reasons) == 7
    assert told.reasons["photos/cat/notes.txt"] == "no image file that is read here (PNG, JPEG, BMP, GIF, WebP)"
    assert told.reasons["photos/cat/broken.png"] == told.reasons["photos/cat/text.jpg"] == "broken, or no image"
    assert told.reasons["../../outside/evil.png"] == "a path that leads out of the archive"
    assert {path for path in folder.rglob("*") if "evil" in path.name or "outside" in path.name} == set()


def test_names_of_folders_are_read_as_they_were_meant(folder: Path) -> None:
    """Hangul from a Korean Windows (code page 949, no flag), from macOS (taken apart), with backslashes."""
    assert folder.exists()
    data = packed({name.replace("ga", "xx").replace("na", "yy"): d for name, d in
                   {f"{c}/{i}.png": picture() for c in ("gaga", "nana") for i in range(2)}.items()})  # fmt: skip
    windows = data.replace(b"xxxx", "고양".encode("cp949")).replace(b"yyyy", "강아".encode("cp949"))
    assert sets.accept_archive(windows, side=8).class_names == ("강아", "고양")
    mac = packed({f"{name}\\{i}.png": picture() for name in ("고양이", "e\u0301") for i in range(2)})
    assert sets.accept_archive(mac, side=8).class_names == ("é", "고양이")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({**pets(3), "owl/only.png": picture(BLUE)}, "class owl has 1 images"),
        ({**pets(3), "owl/a.png": picture(BLUE), "owl/b.png": b"broken"}, "class owl has 1 images"),
        ({f"cat/{i}.png": picture() for i in range(5)}, "from 2 to 100 folders .* found 1"),
        ({f"{i}.png": picture() for i in range(5)}, "from 2 to 100 folders .* found 0"),
        ({}, "found 0"),
        ({f"{c}/{i}.png": b"" for c in range(101) for i in range(2)}, "found 101"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused(files: dict[str, bytes], told: str, folder: Path) -> None:
    with pytest.raises(Refusal, match=told) as refused:
        sets.accept_archive(packed(files), side=8)
    assert refused.value.field == "data"
    assert not [path for path in folder.rglob("*") if path.suffix == ".npy"]


def test_the_size_of_an_archive_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.exists()
    data = packed(pets())
    for module, bound, value, told in (
        (entries, "MAX_ZIP_BYTES", len(data) - 1, "MB; at most"),
        (entries, "MAX_IMAGES", 9, "lists 10 images or more; at most 9"),
        (entries, "MAX_UNPACKED_BYTES", 500, "Unpacked, the archive has"),
        (entries, "MAX_LIST_BYTES", 100, "images or more"),
        (entries, "MAX_IMAGE_BYTES", 10, "found 0"),
        (own, "MAX_KEPT_BYTES", 10 * 3 * 64 - 1, "choose a smaller side"),
    ):
        monkeypatch.setattr(module, bound, value)
        with pytest.raises(Refusal, match=told):
            sets.accept_archive(data, side=8)
        monkeypatch.undo()
        monkeypatch.setenv("RESNET_EXPLORER_DATA", str(folder))


def test_a_bomb_is_stopped_by_what_it_says_and_by_what_it_does(folder: Path) -> None:
    """One says that it unpacks to 2 GB; one says less than it unpacks to; one is a small file of a huge image."""
    assert folder.exists()
    data = packed({**pets(3), "cat/bomb.png": bytes(3_000_000)})
    real, at = struct.pack("<I", 3_000_000), data.rfind(b"PK\x01\x02", 0, data.rfind(b"bomb.png"))
    for said, reason in ((2_000_000_000, "too large"), (1000, "broken, or no image")):
        lying = data[:at] + data[at:].replace(real, struct.pack("<I", said))
        assert sets.accept_archive(lying, side=8).reasons == {"cat/bomb.png": reason}
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    huge = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")
    with pytest.raises(ValueError, match=r"pixels|exceeds"):
        decode(huge, 8)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_zip64_or_another_way_of_packing_is_not_read(folder: Path) -> None:
    assert folder.exists()
    told = sets.accept_archive(_mixed(), side=8)
    assert told.reasons == {"cat/bz.png": "packed in a way that is not read here"}
    data = packed(pets(3))
    end = data.rfind(b"PK\x05\x06")
    with pytest.raises(Refusal, match="images or more"):
        sets.accept_archive(data[:end] + b"PK\x06\x07" + bytes(16) + data[end:], side=8)


def _mixed() -> bytes:
    file = io.BytesIO(packed(pets(3)))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("cat/bz.png", picture(), zipfile.ZIP_BZIP2)
    return file.getvalue()


@pytest.mark.parametrize("change", [lambda data: data[: len(data) // 2], lambda _: b"", lambda _: b"no zip" * 100])
def test_a_broken_zip_is_refused(change: Callable[[bytes], bytes], folder: Path) -> None:
    with pytest.raises(Refusal, match="no whole zip archive"):
        sets.accept_archive(change(packed(pets())), side=8)
    with pytest.raises(Refusal, match=r"absent.zip cannot be read"):
        sets.accept_archive(folder / "absent.zip", side=8)


def test_a_damaged_image_in_a_whole_zip_is_left_out(folder: Path) -> None:
    assert folder.exists()
    data = bytearray(packed(pets(4), zipfile.ZIP_STORED))
    data[data.find(b"IDAT") + 6] ^= 0xFF
    assert list(sets.accept_archive(bytes(data), side=8).reasons.values()) == ["broken, or no image"]


def test_a_full_disk_leaves_nothing_behind(folder: Path, full_disk: Callable[[int], None]) -> None:
    data = packed(pets())
    full_disk(1000)
    with pytest.raises(Refusal, match=r"cannot be written \(File too large\)"):
        sets.accept_archive(data, side=32)
    assert [path.name for path in (folder / "own").iterdir() if path.is_dir()] == []
    full_disk(10_000_000)
    assert sets.accept_archive(data, side=32).train == 8


def test_uploads_can_be_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, allowed in (("", True), ("1", True), ("0", False), ("false", False), ("OFF", False), ("no", False)):
        monkeypatch.setenv("RESNET_EXPLORER_UPLOADS", value)
        assert sets.uploads_allowed() is allowed
    with pytest.raises(Refusal, match="takes no images from visitors"):
        sets.accept_archive(packed(pets()), side=8)
    assert not (folder / "own").exists()


def test_an_archive_that_is_not_here_is_told(folder: Path) -> None:
    with pytest.raises(Refusal, match="need an archive: upload a zip"):
        facts("own")
    for name in ("0123456789abcdef", "../../../etc/pwd", "0123456789ABCDEF"):
        choice = DataChoice("own", 32, name)
        assert not sets.ready(choice)
        with pytest.raises(Refusal, match="upload it again"):
            load(choice)
    told = sets.accept_archive(packed(pets()), side=8)
    with pytest.raises(Refusal, match="8x8 pixels, not 32x32"):
        facts(DataChoice("own", 32, told.archive))
    choice = DataChoice("own", 8, told.archive)
    (folder / "own" / told.archive / "train_pixels.npy").write_bytes(b"")
    assert not sets.ready(choice)
    with pytest.raises(Refusal, match="damaged here: upload it again"):
        load(choice)
    assert sets.accept_archive(packed(pets()), side=8) == told
    assert sets.ready(choice)
    manifest = folder / "own" / told.archive / "manifest.json"
    for text in ("", "[]", json.dumps({"side": 8}), "\udcff"):
        manifest.write_text(text, encoding="utf-8", errors="surrogateescape")
        with pytest.raises(Refusal, match="upload it again"):
            facts(choice)


def test_the_longest_unused_archives_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [sets.accept_archive(packed(pets(count)), side=8).archive for count in (3, 4, 5)]
    for age, name in enumerate(names):
        os.utime(folder / "own" / name, (age, age))
    load(DataChoice("own", 8, names[0]))  # used just now
    whole = sum(own._bytes(folder / "own" / name) for name in names)
    monkeypatch.setattr(own, "MAX_ALL_BYTES", whole)
    last = sets.accept_archive(packed(pets(6)), side=8).archive
    kept = {path.name for path in (folder / "own").iterdir() if path.is_dir()}
    assert kept >= {last, names[0]}
    assert names[1] not in kept


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (picture(100, mode="L"), (100, 100, 100)),
        (picture(1, mode="1"), (255, 255, 255)),
        (picture(25_700, mode="I;16"), (100, 100, 100)),
        (picture((200, 0, 0, 0), mode="RGBA"), (255, 255, 255)),
        (picture(RED, form="BMP"), RED),
        (picture(RED, form="WEBP"), RED),
        (picture(RED, form="JPEG"), RED),
        (picture(7, mode="P", form="GIF"), None),
        (picture((0, 255, 255, 0), mode="CMYK", form="JPEG"), (254, 0, 0)),
    ],
)  # fmt: skip
def test_every_kind_of_image_becomes_rgb(data: bytes, expected: tuple[int, int, int] | None) -> None:
    pixels = decode(data, 8)
    assert (pixels.shape, pixels.dtype) == ((3, 8, 8), np.uint8)
    assert expected is None or np.abs(pixels.reshape(3, -1).T.astype(int) - expected).max() <= 6


def test_the_middle_square_is_taken_upright() -> None:
    wide = Image.new("RGB", (90, 30), BLUE)
    wide.paste(RED, (30, 0, 60, 30))
    wide.paste(GREEN, (30, 0, 60, 10))  # the top third of the middle
    plain, turned = io.BytesIO(), io.BytesIO()
    wide.save(plain, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by a quarter to the right
    wide.rotate(90, expand=True).save(turned, "JPEG", exif=exif.tobytes(), quality=100, subsampling=0)
    for file in (plain, turned):
        pixels = decode(file.getvalue(), 30)
        for row, colour in ((2, GREEN), (25, RED)):
            assert np.abs(pixels[:, row, 15].astype(int) - colour).max() < 25
        assert pixels[2].max() < 90  # nothing of the blue sides
