"""Fetch a published file: resumable, checked against its published MD5, renamed when it is whole."""

import fcntl
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from resnet_core.errors import N_, Refusal
from resnet_core.train.folder import data_folder, writing

BLOCK = 1 << 18
TIMEOUT_S = 20
TRIES = 2  # of each address; each goes on where the last one broke off
WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Published:
    """A file as it is published. ``name`` is its path in the data folder; any of ``addresses`` gives the same bytes."""

    name: str
    size: int
    md5: str
    addresses: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where it belongs."""
        return data_folder() / self.name


class _CutError(Exception):
    """A transfer that ended early, with the reason."""


def download(file: Published) -> Iterator[int]:
    """Bring the file to its place; yields how many of its bytes have arrived.

    What arrives is kept beside it in a ``.part`` file, from which the next call goes on, whatever ended this one. A
    second process that wants the same file waits for the first and reports its progress.
    """
    part = file.path.with_name(f"{file.path.name}.part")
    with writing(part.parent):
        part.parent.mkdir(parents=True, exist_ok=True)
    with _open(part) as opened:
        yield from _locked(opened, part)
        opened.seek(0, os.SEEK_END)  # it may have grown meanwhile
        if file.path.exists():
            part.unlink(missing_ok=True)  # the other process has brought it
            return
        yield from _fetch(file, opened, part)


@contextmanager
def _open(part: Path) -> Iterator[IO[bytes]]:
    with writing(part.parent):
        opened = part.open("ab")
    with opened:
        yield opened


def _locked(opened: IO[bytes], part: Path) -> Iterator[int]:
    """Wait for the lock on the part file; it goes with the process that held it."""
    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(WAIT_S)
            yield part.stat().st_size if part.exists() else 0


def _fetch(file: Published, opened: IO[bytes], part: Path) -> Iterator[int]:
    reason, wrong = "", {}
    for address in file.addresses * TRIES:
        if address in wrong:
            continue
        resumed = opened.tell() > 0
        try:
            yield from _transfer(address, file.size, opened)
        except _CutError as cut:
            reason = reason or f"{address}: {cut}"
            continue
        found = _md5(part)
        if found == file.md5:
            with writing(part.parent):
                part.replace(file.path)
            return
        _restart(opened)  # worth nothing: bytes that were changed on the way, or the end of one file after another's
        if not resumed:
            wrong[address] = found
    for address, found in wrong.items():
        raise Refusal(
            N_("What {address} sent is not the published file: its MD5 is {found}, the published one {md5}. It was "
               "thrown away. Try again, or put the published {file} into {folder} yourself."),
            field="data", address=address, found=found, md5=file.md5, file=part.stem, folder=str(part.parent),
        )  # fmt: skip
    raise Refusal(
        N_("{file} cannot be fetched ({reason}). What has arrived is kept, and the next try goes on from there. "
           "Without a network: put {file} from another machine into {folder}, or set RESNET_EXPLORER_DATA to the "
           "folder that holds it."),
        field="data", file=part.stem, reason=reason, folder=str(part.parent),
    )  # fmt: skip


def _transfer(address: str, size: int, opened: IO[bytes]) -> Iterator[int]:
    """Append to the opened part what it lacks, or start anew where the server cannot go on in the middle."""
    done = opened.tell()
    if done > size:
        done = _restart(opened)
    if done == size:
        yield done
        return
    request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            whole = _length(answer, done)
            if whole not in (None, size):
                raise _CutError(f"{whole:,} bytes instead of {size:,}")  # perhaps the page of a login
            if done and answer.status != 206:
                done = _restart(opened)
            yield done
            while block := answer.read(min(BLOCK, size + 1 - done)):
                with writing(Path(opened.name).parent):
                    opened.write(block)
                    opened.flush()
                done += len(block)
                yield min(done, size)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is no beginning of what lies there now
            _restart(opened)
        raise _CutError(f"HTTP {error.code}") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise _CutError(str(getattr(error, "reason", error)) or type(error).__name__) from error
    if done < size:
        raise _CutError(f"{done:,} of {size:,} bytes")


def _restart(opened: IO[bytes]) -> int:
    with writing(Path(opened.name).parent):
        opened.truncate(0)
        opened.seek(0)
    return 0


def _length(answer: http.client.HTTPResponse, done: int) -> int | None:
    """How long the whole file is at the server; None where it does not say."""
    if answer.status == 206:
        span, _, total = answer.headers.get("Content-Range", "").partition("/")
        if not span.startswith(f"bytes {done}-"):
            raise _CutError(f"not the bytes from {done:,} on")
        return int(total) if total.isdecimal() else None
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _md5(part: Path) -> str:
    with part.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
