"""Where data sets are kept on this machine. No torch, no numpy here: a page asks it."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resnet_core.errors import N_, Refusal
from resnet_core.records import from_json
from resnet_core.train.records import ArchiveFacts

ARCHIVE = re.compile("[0-9a-f]{16}")
MANIFEST = "manifest.json"


def data_folder() -> Path:
    """``$RESNET_EXPLORER_DATA``, else this user's cache folder as the XDG base directory specification finds it."""
    named = os.environ.get("RESNET_EXPLORER_DATA")
    if named:
        return Path(named).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME", "")
    # A relative XDG_CACHE_HOME is to be ignored (the specification, "Environment variables").
    return (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / "resnet-explorer"


def own_folder(archive: str) -> Path | None:
    """Where an uploaded archive is kept, or None for a name (from a link, so anybody's) that cannot be one."""
    return data_folder() / "own" / archive if ARCHIVE.fullmatch(archive) else None


def archive_facts(archive: str) -> ArchiveFacts | None:
    """The manifest of an uploaded archive; None where it is not kept here or cannot be read."""
    folder = own_folder(archive)
    try:
        return from_json(ArchiveFacts, (folder / MANIFEST).read_text(encoding="utf-8")) if folder else None
    except (OSError, ValueError):
        return None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in one sentence what keeps a file from being written, such as a full disk."""
    try:
        yield
    except OSError as error:
        raise Refusal(
            N_("{folder} cannot be written ({reason}). Make room there, or set RESNET_EXPLORER_DATA to another folder; "
               "what has arrived so far is kept."),
            field="data", folder=str(folder), reason=error.strerror or str(error),
        ) from error  # fmt: skip


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread is at work on ``folder``, which need not be there yet.

    Two racers that start at once then decode an archive once. The lock goes with the process that held it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
