"""A data folder that is thrown away, published sets in small, and a server on loopback."""

import gzip
import hashlib
import io
import resource
import signal
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from resnet_core.train import tuning
from resnet_core.train.facts import DATA
from resnet_core.train.sets import published
from resnet_core.train.sets.download import Published

TRAIN, TEST = 60, 12
Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No measurement is kept from or for anybody else."""
    monkeypatch.setenv("RESNET_EXPLORER_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(tuning, "_known", {})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder; the published sets have few images, and no address."""
    monkeypatch.setenv("RESNET_EXPLORER_DATA", str(tmp_path))
    for name in ("cifar10", "cifar100", "fashion_mnist"):
        monkeypatch.setitem(DATA, name, replace(DATA[name], train=TRAIN, test=TEST))
        nowhere = tuple(replace(file, addresses=()) for file in published.FILES[name])
        monkeypatch.setitem(published.FILES, name, nowhere)
    return tmp_path


def some_images(count: int, channels: int = 3, side: int = 32, classes: int = 10, seed: int = 0) -> Part:
    """Random pixels, and labels that reach the last class."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (count, channels, side, side), dtype=np.uint8)
    labels = random.integers(0, classes, count, dtype=np.uint8)
    labels[0] = classes - 1
    return pixels, labels


def binary(part: Part, coarse: bool = False) -> bytes:
    """The records of a binary CIFAR file."""
    pixels, labels = part
    first = [labels[:, None] // 5] if coarse else []
    return np.concatenate([*first, labels[:, None], pixels.reshape(len(pixels), -1)], axis=1).tobytes()


def python2(part: Part, key: str = "labels") -> bytes:
    """A batch as Python 2's cPickle wrote it (protocol 2), opcode by opcode: byte strings, numpy's old names."""
    pixels, labels = part
    flat = pixels.reshape(len(pixels), -1)

    def text(value: str) -> bytes:
        return b"U" + bytes([len(value)]) + value.encode()

    numbers = b"".join(b"K" + bytes([label]) for label in labels)
    names = b"".join(text(f"picture_{row}.png") for row in range(len(labels)))
    shape = b"M" + struct.pack("<H", flat.shape[0]) + b"M" + struct.pack("<H", flat.shape[1]) + b"\x86"
    kind = b"cnumpy\ndtype\nq\x0a" + text("u1") + b"K\x00K\x01\x87Rq\x0b(K\x03" + text("|") + b"NNN" + 2 * (
        b"J" + struct.pack("<i", -1)
    ) + b"K\x00tb"  # fmt: skip
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85q\x07" + text("b")
        + b"\x87q\x08Rq\x09(K\x01" + shape + kind + b"\x89T" + struct.pack("<i", flat.size) + flat.tobytes() + b"tb"
    )  # fmt: skip
    return (
        b"\x80\x02}q\x01(" + text("batch_label") + b"q\x02" + text("training batch 1 of 5") + b"q\x03"
        + text(key) + b"q\x04](" + numbers + b"e" + text("data") + array + text("filenames") + b"](" + names + b"eu."
    )  # fmt: skip


def cifar10_files(form: str, seed: int = 0) -> tuple[dict[str, bytes], Part, Part]:
    """The files of a small CIFAR-10 in either form, by their names in the data folder, and what they hold."""
    train, test = some_images(TRAIN, seed=seed), some_images(TEST, seed=seed + 1)
    write = binary if form == "bin" else python2
    end = ".bin" if form == "bin" else ""
    twelfth = TRAIN // 5
    files = {
        f"cifar-10-batches-{form}/data_batch_{i + 1}{end}": write(
            (train[0][twelfth * i : twelfth * (i + 1)], train[1][twelfth * i : twelfth * (i + 1)])
        )
        for i in range(5)
    }
    return {**files, f"cifar-10-batches-{form}/test_batch{end}": write(test)}, train, test


def idx(array: NDArray[np.uint8]) -> bytes:
    """An idx file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def fashion_files() -> tuple[dict[str, bytes], Part, Part]:
    """The four files of a small Fashion-MNIST, packed."""
    train, test = some_images(TRAIN, 1, 28), some_images(TEST, 1, 28, seed=1)
    files = {}
    for name, (pixels, labels) in (("train", train), ("t10k", test)):
        files[f"FashionMNIST/raw/{name}-images-idx3-ubyte.gz"] = gzip.compress(idx(pixels[:, 0]))
        files[f"FashionMNIST/raw/{name}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
    return files, train, test


def tar_gz(files: dict[str, bytes]) -> bytes:
    """The files as a ``.tar.gz``, with a page of text among them as in the real ones."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in {"readme.html": b"<html>", **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> None:
    """Write files below a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@dataclass
class Site:
    """A server of files on loopback. ``cut`` ends each answer after so many bytes; ``ranges`` is whether it resumes."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: int | None = None
    ranges: bool = True
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def address(self, name: str) -> str:
        """Where a file is fetched from."""
        return f"http://127.0.0.1:{self.port}/{name}"


@pytest.fixture
def site() -> Iterator[Site]:
    """A server that runs as long as the test."""
    told = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            span = self.headers.get("Range", "")
            told.asked.append(span)
            data = told.files.get(self.path.rpartition("/")[2])
            if data is None:
                self.send_error(404)
                return
            start = int(span.removeprefix("bytes=").rstrip("-") or 0) if told.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start:] if told.cut is None else data[start : start + told.cut])

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def offer(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes], str], None]:
    """Publish files of a set at the site."""
    assert folder.exists()

    def offered(files: dict[str, bytes], name: str) -> None:
        site.files = {path.rpartition("/")[2]: data for path, data in files.items()}
        rows = tuple(
            Published(path, len(data), hashlib.md5(data).hexdigest(), (site.address(path.rpartition("/")[2]),))
            for path, data in files.items()
        )
        monkeypatch.setitem(published.FILES, name, rows)

    return offered


@pytest.fixture
def full_disk() -> Iterator[Callable[[int], None]]:
    """Lets files grow to so many bytes and no further, as a full disk does, but with its own reason."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)
