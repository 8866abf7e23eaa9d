"""Run folders: ``<root>/<id>/`` with ``header.json``, ``records.jsonl``, ``end.json`` and the weights. No torch here.

The header is written when a job is handed in, and again when its run header arrives; each record is one line, flushed
at once; the end is written last. So whatever stops a program, the records up to then can be read again. While a program
writes into a folder it holds a lock on its file ``lock``, by which another program that serves the same root knows that
the run is alive. A title that a reader gave to the run stands in ``title.txt``.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Literal

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import TrainSpec
from resnet_core.records import dumps
from resnet_core.spec import ArchSpec

Status = Literal["waiting", "running", "paused", "stopping", "done", "stopped", "failed", "lost"]
FINISHED: tuple[Status, ...] = ("done", "stopped", "failed", "lost")
ID = re.compile(r"[A-Za-z0-9_-]{8,32}")
KEEP = 200
LONGEST_TITLE = 80
LOOKS = 5  # another program that asks whether a run is alive holds its lock for some microseconds
LOOK_S = 0.01
BLOCK = 1 << 16
HEADER, RECORDS, END, LOCK, TITLE = "header.json", "records.jsonl", "end.json", "lock", "title.txt"


def root_folder(root: str | Path | None = None) -> Path:
    """Where runs are kept: ``root``, else ``$RESNET_EXPLORER_RUNS``, else ``runs`` in the working folder."""
    return Path(root or os.environ.get("RESNET_EXPLORER_RUNS") or "runs")


def new_id() -> str:
    """A short random name for a run that can stand in a link, and in a command: it begins with no dash."""
    while (name := secrets.token_urlsafe(9)).startswith("-"):
        pass
    return name


def folder_of(root: Path, run_id: str) -> Path | None:
    """The folder of a run, or None where the id (from a link, so anybody's) is not one."""
    return root / run_id if ID.fullmatch(run_id) else None


class Writer:
    """Writes one run's folder. The first write that fails ends the writing and stands in ``warning``."""

    def __init__(self, root: Path, run_id: str) -> None:
        folder = folder_of(root, run_id)
        assert folder is not None, "ids come from new_id"
        self.folder = folder
        self.warning: Refusal | None = None
        self._lines: IO[bytes] | None = None
        self._lock: IO[bytes] | None = None

    def claim(self) -> None:
        """Take hold of the folder before the first write, or refuse where that cannot be done."""
        try:
            self._hold()
        except BlockingIOError as error:
            raise going_on(self.folder.name) from error
        except OSError as error:
            raise _unwritable(self.folder.parent, error) from error

    def header(self, values: dict[str, Any]) -> None:
        """Write or rewrite ``header.json``."""
        self._guard(lambda: _replace(self.folder / HEADER, values))

    def record(self, line: bytes) -> None:
        """Append one record, a line as :func:`resnet_core.records.to_line` makes it, and flush it."""

        def append() -> None:
            if self._lines is None:
                self._lines = (self.folder / RECORDS).open("ab")
            self._lines.write(line + b"\n")
            self._lines.flush()

        self._guard(append)

    def end(self, values: dict[str, Any]) -> None:
        """Write ``end.json``, close the folder's files and let go of it."""
        self._guard(lambda: _replace(self.folder / END, values))
        for file in (self._lines, self._lock):
            if file is not None:
                try:
                    file.close()
                except OSError as error:  # what was still in its buffer finds no room
                    self._warn(error)
        self._lines = self._lock = None

    def reopen(self) -> None:
        """Go on in the folder of a finished run: half of a last line, which a crash may leave, is cut off."""

        def cut() -> None:
            (self.folder / END).unlink(missing_ok=True)
            path = self.folder / RECORDS
            if path.exists():
                with path.open("rb+") as file:
                    file.truncate(_whole_lines(file))

        self._guard(cut)

    def _guard(self, write: Any) -> None:
        if self.warning is not None:
            return
        try:
            self._hold()
            write()
        except OSError as error:
            self._warn(error)

    def _hold(self) -> None:
        if self._lock is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / LOCK).open("ab")
        try:
            _lock(lock)
        except OSError:
            lock.close()
            raise
        self._lock = lock

    def _warn(self, error: OSError) -> None:
        self.warning = Refusal(
            N_("This run cannot be written to {folder} ({reason}); it goes on, but a restart of the program will "
               "lose what comes from now on."),
            folder=str(self.folder.parent), reason=error.strerror or type(error).__name__,
        )  # fmt: skip


def refuse_unwritable(root: Path) -> None:
    """A :class:`Refusal` where no run can be kept in a folder: before the work, not after it."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=root) as file:
            file.write(b"\n")
    except OSError as error:
        raise _unwritable(root, error) from error


def _unwritable(root: Path, error: OSError) -> Refusal:
    reason = error.strerror or type(error).__name__
    return Refusal(N_("No run can be kept in {folder} ({reason})."), folder=str(root), reason=reason)


def _lock(lock: IO[bytes]) -> None:
    """Lock a file for this program alone."""
    for _ in range(LOOKS - 1):
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_S)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def going_on(run_id: str) -> Refusal:
    """What is said to who would start a run that has not ended."""
    return Refusal(N_("The run {run} is going on already, here or in another program."), run=run_id)


def is_alive(folder: Path) -> bool:
    """Whether a program, this one or another, is writing into the folder."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return False


def load(path: Path) -> dict[str, Any] | None:
    """A JSON object from a file; None where there is none that can be read."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def specs(head: dict[str, Any]) -> tuple[ArchSpec, TrainSpec] | None:
    """The network and the recipe of a training, from its header; None where this version cannot read them."""
    try:
        arch, how = head["args"]
        return ArchSpec(**arch), TrainSpec(**how)
    except (KeyError, TypeError, ValueError):  # a Refusal is a ValueError
        return None


def folders(root: Path) -> list[Path]:
    """The folders of all runs, the newest first."""
    try:
        names = [name for name in os.listdir(root) if ID.fullmatch(name)]
    except OSError:
        return []  # no folder yet, or one that cannot be read: a Writer says so when it matters
    ages: dict[Path, float] = {}
    for path in (root / name for name in names):
        try:
            if (path / HEADER).exists():
                ages[path] = path.stat().st_mtime
        except OSError:
            continue  # another program has just deleted it, or it is not ours to read
    return sorted(ages, key=ages.__getitem__, reverse=True)


def prune(root: Path, alive: set[str], keep: int = KEEP) -> None:
    """Delete the oldest run folders, but none that is alive here or elsewhere, until ``keep`` are left."""
    found = folders(root)
    surplus = len(found) - keep
    for path in reversed(found):
        if surplus <= 0:
            return
        if path.name not in alive and not is_alive(path):
            shutil.rmtree(path, ignore_errors=True)
            surplus -= 1


def delete(root: Path, run_id: str) -> None:
    """Delete a run's folder. One that is alive is refused."""
    folder = folder_of(root, run_id)
    if folder is None or not folder.is_dir():
        return
    if is_alive(folder):
        raise Refusal(N_("This run is still going on: stop it before you delete it."))
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return  # somebody else deletes it too
    except OSError as error:
        raise Refusal(
            N_("{folder} cannot be deleted: {reason}."),
            folder=str(folder), reason=error.strerror or type(error).__name__,
        ) from error  # fmt: skip


def rename(root: Path, run_id: str, title: str) -> None:
    """Give a run a title; an empty one takes it away."""
    folder = folder_of(root, run_id)
    if folder is None or not folder.is_dir():
        return
    text = " ".join(title.split())[:LONGEST_TITLE]
    try:
        if text:
            (folder / TITLE).write_text(text, encoding="utf-8")
        else:
            (folder / TITLE).unlink(missing_ok=True)
    except OSError as error:
        raise Refusal(
            N_("{file} cannot be written: {reason}."), file=TITLE, reason=error.strerror or type(error).__name__
        ) from error


def title_of(folder: Path) -> str:
    """The title that a reader gave to a run, if any."""
    try:
        return (folder / TITLE).read_text(encoding="utf-8")[:LONGEST_TITLE]
    except (OSError, UnicodeDecodeError):
        return ""


def _whole_lines(file: IO[bytes]) -> int:
    """The bytes up to and with the last end of a line, looked for from the end: a long run's records are large."""
    place = file.seek(0, os.SEEK_END)
    while place > 0:
        start = max(0, place - BLOCK)
        file.seek(start)
        if (found := file.read(place - start).rfind(b"\n")) >= 0:
            return start + found + 1
        place = start
    return 0


def _replace(path: Path, values: dict[str, Any]) -> None:
    """Write a whole file under another name first, so that a reader never sees half of it."""
    part = path.with_suffix(".part")
    part.write_text(dumps({**values, "written_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}) + "\n")
    part.replace(path)
