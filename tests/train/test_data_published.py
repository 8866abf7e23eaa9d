"""CIFAR and Fashion-MNIST, read in every form in which they lie in a folder, and what is broken in them."""

import errno
import gzip
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from resnet_core import Refusal
from resnet_core.train import sets
from resnet_core.train.data import data_folder, load
from resnet_core.train.folder import alone
from resnet_core.train.sets import published
from tests.train.conftest import (
    TEST,
    TRAIN,
    Part,
    binary,
    cifar10_files,
    fashion_files,
    put,
    python2,
    some_images,
    tar_gz,
)


def holds(name: str, train: Part, test: Part) -> bool:
    """Whether what is loaded is what was written."""
    images = load(name)
    return (
        np.array_equal(images.train_pixels.numpy(), train[0])
        and images.train_labels.tolist() == train[1].tolist()
        and np.array_equal(images.test_pixels.numpy(), test[0])
        and images.test_labels.tolist() == test[1].tolist()
    )


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("form", ["bin", "py"])
def test_cifar10_is_read_from_either_form_packed_or_not(form: str, packed: bool, folder: Path) -> None:
    files, train, test = cifar10_files(form)
    assert not sets.ready("cifar10")
    archive = {f"cifar-10-{'binary' if form == 'bin' else 'python'}.tar.gz": tar_gz(files)}
    put(folder, archive if packed else files)
    assert sets.ready("cifar10")
    assert holds("cifar10", train, test)


@pytest.mark.parametrize("form", ["bin", "py"])
def test_cifar100_takes_the_fine_labels(form: str, folder: Path) -> None:
    train, test = some_images(TRAIN, classes=100), some_images(TEST, classes=100, seed=1)
    if form == "bin":
        put(
            folder, {f"cifar-100-binary/{n}.bin": binary(p, coarse=True) for n, p in (("train", train), ("test", test))}
        )
    else:
        put(folder, {f"cifar-100-python/{n}": python2(p, "fine_labels") for n, p in (("train", train), ("test", test))})
    assert holds("cifar100", train, test)


@pytest.mark.parametrize("packed", [True, False])
def test_fashion_mnist_is_read_from_its_idx_files(packed: bool, folder: Path) -> None:
    files, train, test = fashion_files()
    put(folder, files if packed else {n.removesuffix(".gz"): gzip.decompress(data) for n, data in files.items()})
    assert holds("fashion_mnist", train, test)


def test_a_second_start_maps_what_was_decoded_and_needs_no_archive(folder: Path) -> None:
    files, train, test = cifar10_files("bin")
    put(folder, {"cifar-10-binary.tar.gz": tar_gz(files)})
    first = load("cifar10")
    (folder / "cifar-10-binary.tar.gz").unlink()
    assert sets.ready("cifar10")
    assert holds("cifar10", train, test)
    again = load("cifar10")
    assert torch.equal(first.mean, again.mean)
    assert first.std == again.std
    pixels = train[0].astype(np.float64)
    assert np.allclose(again.mean.numpy(), pixels.mean(axis=0), atol=1e-4)
    assert again.std == pytest.approx((pixels - pixels.mean(axis=0)).std())


@pytest.mark.parametrize("file", ["train_pixels.npy", "mean.npy", "test_labels.npy"])
def test_a_truncated_or_garbled_cache_is_made_anew(file: str, folder: Path) -> None:
    files, train, test = cifar10_files("bin")
    put(folder, files)
    load("cifar10")
    kept = folder / "decoded/cifar10" / file
    whole = kept.read_bytes()
    for broken in (whole[:-1], whole[:20], b"", pickle.dumps({})):
        kept.write_bytes(broken)
        assert holds("cifar10", train, test)
        assert kept.read_bytes() == whole


def test_other_files_in_the_place_of_the_first_are_read_anew(folder: Path) -> None:
    for seed in (0, 5):
        files, train, test = cifar10_files("bin", seed)
        put(folder, files)
        os.utime(folder / "cifar-10-batches-bin/test_batch.bin", ns=(seed, seed))
        assert holds("cifar10", train, test)


def test_a_folder_that_may_not_be_written_is_read_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, train, test = cifar10_files("bin")
    put(folder, files)

    def locked(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr("resnet_core.train.sets.arrays.alone", locked)
    assert holds("cifar10", train, test)
    assert not (folder / "decoded").exists()


def test_a_full_disk_is_told_with_its_folder_and_leaves_no_half(folder: Path, full_disk: Callable[[int], None]) -> None:
    files, train, test = cifar10_files("bin")
    put(folder, files)
    full_disk(100_000)
    with pytest.raises(Refusal, match=r"decoded.* cannot be written \(File too large\).*RESNET_EXPLORER_DATA"):
        load("cifar10")
    assert [path.name for path in (folder / "decoded").iterdir()] == [".cifar10.lock"]
    full_disk(10_000_000)
    assert holds("cifar10", train, test)


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _with_test(form: str, data: bytes) -> dict[str, bytes]:
    """An unpacked CIFAR-10 with another file of test images."""
    files = cifar10_files(form)[0]
    return {**files, list(files)[-1]: data}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"cifar-10-binary.tar.gz": _cut(tar_gz(cifar10_files("bin")[0]))}, "cifar-10-binary"),
        ({"cifar-10-binary.tar.gz": b"<html>not here</html>"}, "cifar-10-binary"),
        ({"cifar-10-binary.tar.gz": tar_gz({"other/file": b"x"})}, "no data_batch_1.bin"),
        (_with_test("bin", bytes(3073 * 3)), "3 images instead of 12"),
        (_with_test("bin", bytes(3072 * 12)), "no whole number of images"),
        (_with_test("bin", b"\xff" * 3073 * 12), "labels to 255"),
        (_with_test("py", b"cos\nsystem\n(U\x01xtR."), "os system.*not executed"),
        (_with_test("py", python2(some_images(12, side=8))), "published shape"),
        (_with_test("py", python2(some_images(12), "names")), "no label"),
    ],
)  # fmt: skip
def test_broken_cifar_files_are_named_with_what_is_wrong_and_left_alone(
    files: dict[str, bytes], reason: str, folder: Path
) -> None:
    put(folder, files)
    with pytest.raises(Refusal, match=reason) as refused:
        load("cifar10")
    assert refused.value.field == "data"
    assert {name: (folder / name).read_bytes() for name in files} == files


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("train-images", _cut, "train-images"),
        ("train-images", lambda data: gzip.compress(gzip.decompress(data)[:-1]), "should follow"),
        ("train-images", lambda data: gzip.compress(gzip.decompress(data) + b"x"), "should follow"),
        ("t10k-labels", lambda data: gzip.compress(b"\0\0\x08\x02" + gzip.decompress(data)[4:]), "idx file of 12"),
        ("t10k-labels", lambda data: gzip.compress(gzip.decompress(data)[:8] + b"\x0a" * 12), "labels to 10"),
        ("t10k-images", lambda _data: b"", "t10k-images"),
    ],
)  # fmt: skip
def test_broken_idx_files_are_named_with_what_is_wrong(
    name: str, change: Callable[[bytes], bytes], reason: str, folder: Path
) -> None:
    files = {path: change(data) if name in path else data for path, data in fashion_files()[0].items()}
    put(folder, files)
    with pytest.raises(Refusal, match=reason):
        load("fashion_mnist")


def test_an_unpacked_folder_with_a_file_missing_is_not_taken_for_the_set(folder: Path) -> None:
    files = cifar10_files("bin")[0]
    put(folder, dict(list(files.items())[1:]))
    assert not sets.ready("cifar10")


def test_where_data_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESNET_EXPLORER_DATA", str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine"
    monkeypatch.delenv("RESNET_EXPLORER_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "resnet-explorer"
    for nothing in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", nothing)
        assert data_folder() == Path.home() / ".cache/resnet-explorer"


def test_two_racers_that_start_at_once_decode_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    files, train, test = cifar10_files("bin")
    put(folder, files)
    decoded = []
    original = published.cifar.read

    def slow(*args: object) -> object:
        decoded.append(args)
        time.sleep(0.2)
        return original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(published.cifar, "read", slow)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: holds("cifar10", train, test), range(2))) == [True, True]
    assert len(decoded) == 1


def test_the_lock_is_let_go(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path / "one"):
            assert (tmp_path / ".one.lock").exists()


def test_the_published_facts_are_those_of_their_authors() -> None:
    """Written twice, so that a slip of the finger in one place shows."""
    rows = {file.name: (file.size, file.md5) for files in published.FILES.values() for file in files}
    assert rows == {
        "cifar-10-binary.tar.gz": (170052171, "c32a1d4ab5d03f1284b67883e8d87530"),
        "cifar-100-binary.tar.gz": (168513733, "03b5dce01913d631647c71ecec9e9cb8"),
        "FashionMNIST/raw/train-images-idx3-ubyte.gz": (26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        "FashionMNIST/raw/train-labels-idx1-ubyte.gz": (29515, "25c81989df183df01b3e8a0aad5dffbe"),
        "FashionMNIST/raw/t10k-images-idx3-ubyte.gz": (4422102, "bef4ecab320f06d8554ea6380940ec79"),
        "FashionMNIST/raw/t10k-labels-idx1-ubyte.gz": (5148, "bb300cfdad3c16e7a12a480ee83cd310"),
    }
    assert all(a.startswith("http") and a.endswith(f.name.rpartition("/")[2])
               for files in published.FILES.values() for f in files for a in f.addresses)  # fmt: skip
