"""Run folders: ``<root>/<id>/header.json``, ``records.jsonl`` and ``end.json``. No torch here.

The header is written when a job is handed in, and again when its run header arrives; each record is one line, flushed
at once; the end is written last. So whatever stops a program, the records up to then can be read again.
"""

import json
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from resnet_core.errors import N_, Refusal
from resnet_core.jobs.tasks import RECORDS
from resnet_core.records import dumps, from_dict
from resnet_core.train.records import RunHeader

Status = Literal["waiting", "running", "done", "stopped", "failed", "lost"]
FINISHED: tuple[Status, ...] = ("done", "stopped", "failed", "lost")
ID = re.compile(r"[A-Za-z0-9_-]{8,32}")
KEEP = 200
LOST = N_("The program that ran this ended before it was finished; what it had recorded is kept.")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as its folder tells it; the same names as a live ``Job``'s. ``status`` is never waiting or running."""

    id: str
    task: str
    args: tuple[Any, ...]
    label: str
    status: Status
    header: RunHeader | None
    records: tuple[Any, ...]
    error: Refusal | None
    warning: Refusal | None = None
    place: int = 0
    finished: bool = True

    def since(self, count: int) -> tuple[Any, ...]:
        """The records after the first ``count``."""
        return self.records[count:]


def root_folder(root: str | Path | None = None) -> Path:
    """Where runs are kept: ``root``, else ``$RESNET_EXPLORER_RUNS``, else ``runs`` in the working folder."""
    return Path(root or os.environ.get("RESNET_EXPLORER_RUNS") or "runs")


def new_id() -> str:
    """A short random name for a run that can stand in a link."""
    return secrets.token_urlsafe(9)


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

    def header(self, values: dict[str, Any]) -> None:
        """Write or rewrite ``header.json``."""
        self._guard(lambda: _replace(self.folder / "header.json", values))

    def record(self, message: dict[str, Any]) -> None:
        """Append one record as a line and flush it."""

        def append() -> None:
            if self._lines is None:
                self._lines = (self.folder / "records.jsonl").open("ab")
            self._lines.write(dumps(message).encode() + b"\n")
            self._lines.flush()

        self._guard(append)

    def end(self, values: dict[str, Any]) -> None:
        """Write ``end.json`` and close the folder's files."""
        self._guard(lambda: _replace(self.folder / "end.json", values))
        if self._lines is not None:
            self._lines.close()

    def _guard(self, write: Any) -> None:
        if self.warning is not None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write()
        except OSError as error:
            self.warning = Refusal(
                N_("This run cannot be written to {folder} ({reason}); it goes on, but a restart of the program will "
                   "lose it."),
                folder=str(self.folder.parent), reason=error.strerror or type(error).__name__,
            )  # fmt: skip


def read(root: Path, run_id: str) -> StoredRun | None:
    """A finished or abandoned run from its folder; None where there is none that can be read."""
    folder = folder_of(root, run_id)
    head = _load(folder / "header.json") if folder else None
    if folder is None or head is None:
        return None
    end = _load(folder / "end.json") or {"status": "lost", "error": {"message": LOST}}
    status, told = end.get("status"), end.get("error")
    try:
        header = from_dict(RunHeader, head["run"]) if head.get("run") else None
    except TypeError:
        header = None  # of another version of this program
    return StoredRun(
        id=run_id,
        task=str(head.get("task", "")),
        args=tuple(head.get("args", ())),
        label=str(head.get("label", "")),
        status=status if status in FINISHED else "lost",
        header=header,
        records=_records(folder / "records.jsonl"),
        error=Refusal(told["message"], field=told.get("field", ""), **told.get("values", {})) if told else None,
    )


def prune(root: Path, alive: set[str], keep: int = KEEP) -> None:
    """Delete the oldest run folders that are not alive, until ``keep`` are left."""
    try:
        folders = [path for path in root.iterdir() if ID.fullmatch(path.name) and (path / "header.json").exists()]
        ages = {path: path.stat().st_mtime for path in folders}
    except OSError:
        return  # no folder yet, or one that cannot be read: a Writer says so when it matters
    oldest = sorted((path for path in folders if path.name not in alive), key=ages.__getitem__)
    for path in oldest[: max(0, len(folders) - keep)]:
        shutil.rmtree(path, ignore_errors=True)


def _records(path: Path) -> tuple[Any, ...]:
    """The records of a file up to its first line that is not whole: a crash may leave half of the last one."""
    records = []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return ()
    for line in lines:
        try:
            message = json.loads(line)
            records.append(from_dict(RECORDS[message["kind"]], message["record"]))
        except (ValueError, KeyError, TypeError):
            break
    return tuple(records)


def _load(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _replace(path: Path, values: dict[str, Any]) -> None:
    """Write a whole file under another name first, so that a reader never sees half of it."""
    part = path.with_suffix(".part")
    part.write_text(dumps({**values, "written_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}) + "\n")
    part.replace(path)
