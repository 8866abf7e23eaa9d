"""A run as its folder tells it: finished, abandoned, or alive in another program. No torch here."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.jobs.store import END, FINISHED, HEADER, RECORDS, Status, folder_of, is_alive, load, specs, title_of
from resnet_core.jobs.tasks import RECORDS as KINDS
from resnet_core.records import from_dict, from_line
from resnet_core.train.records import RunHeader, StepRecord
from resnet_core.train.tape import Tape

LOST = N_("The program that ran this ended before it was finished; what it had recorded is kept.")


class StoredRun:
    """The same names as a live ``Job``'s. ``refresh`` reads what another program has added since."""

    place = 0
    slow_s = 0.0  # another program's child may be slow, but only that program knows
    warning: Refusal | None = None

    def __init__(self, folder: Path, head: dict[str, Any]) -> None:
        self.id, self.folder = folder.name, folder
        self.task = str(head.get("task", ""))
        self.args: tuple[Any, ...] = tuple(head.get("args", ()))
        self.label = str(head.get("label", ""))
        self.tape = Tape()
        self.status: Status = "lost"
        self.header: RunHeader | None = None
        self.error: Refusal | None = None
        self._read = 0  # bytes of whole lines
        self._refreshing = threading.Lock()
        self.refresh()

    @property
    def title(self) -> str:
        """What a reader called it, else the network's name."""
        return title_of(self.folder) or self.label

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.status in FINISHED

    @property
    def records(self) -> list[Any]:
        """Every record, read anew from the folder."""
        return [record for record, _ in _records(self.folder / RECORDS, 0)]

    def refresh(self) -> None:
        """Take what has been written since the last look. Safe from any thread."""
        with self._refreshing:
            self._refresh()

    def _refresh(self) -> None:
        alive = is_alive(self.folder)  # asked first: what ends in between is read as alive once more
        self.header = run_header(self.folder)
        for record, read in _records(self.folder / RECORDS, self._read):
            self._read = read
            if isinstance(record, StepRecord):
                self.tape.append(record)
        if alive:
            self.status, self.error = "running", None
            return
        end = load(self.folder / END) or {"status": "lost", "error": {"message": LOST}}
        status, told = end.get("status"), end.get("error")
        self.status = status if status in FINISHED else "lost"
        self.error = refusal_from(told) if told else None


def run_header(folder: Path) -> RunHeader | None:
    """The facts of a run's start; None before that, or where another version of this program wrote others."""
    try:
        return from_dict(RunHeader, (load(folder / HEADER) or {})["run"])
    except (KeyError, ValueError):
        return None


def refusal_from(told: dict[str, Any]) -> Refusal:
    """A refusal that was written down."""
    return Refusal(told["message"], field=told.get("field", ""), **told.get("values", {}))


def read(root: Path, run_id: str) -> StoredRun | None:
    """A run from its folder; None where there is none that this version can read."""
    folder = folder_of(root, run_id)
    head = load(folder / HEADER) if folder else None
    if folder is None or head is None or not isinstance(head.get("args"), list):
        return None
    if head.get("task") == "train" and specs(head) is None:
        return None
    return StoredRun(folder, head)


def steps(folder: Path) -> Iterator[StepRecord]:
    """The steps of a training's folder, one after the other, none of them held."""
    return (record for record, _ in _records(folder / RECORDS, 0) if isinstance(record, StepRecord))


def _records(path: Path, start: int) -> Iterator[tuple[Any, int]]:
    """The records of a file from a byte on, each with the byte behind its line, up to the first line that is not whole:
    a crash may leave half of the last one."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        file.seek(start)
        for line in file:
            start += len(line)
            try:
                record = from_line(KINDS, line if line.endswith(b"\n") else b"")
            except (ValueError, KeyError):
                return
            yield record, start
