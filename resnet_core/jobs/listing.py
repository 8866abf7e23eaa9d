"""The kept trainings and studies as a list, without reading their records. No torch here.

A run that has ended wrote its summary into ``end.json``. Of one that is alive or was killed, the last lines of its
records and its last checkpoint tell how far it came.
"""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resnet_core.jobs.store import (
    END,
    FINISHED,
    HEADER,
    LOCK,
    RECORDS,
    Status,
    folders,
    is_alive,
    load,
    specs,
    title_of,
)
from resnet_core.records import Record
from resnet_core.study import Subject

CHECKPOINT = "resume.json"
TAIL = 1 << 16  # bytes: some tens of records
LONGEST_LINE = 1 << 22
FOREIGN = re.compile(r"[^\w.]+")  # in the name of a file
UNTESTED = b'"test_accuracy":null'


@dataclass(frozen=True, slots=True)
class RunSummary(Record):
    """One kept training, or one kept study, which has no steps and no accuracy.

    ``study``: its name, "" of a training. ``title``: what a reader called it, "" where nobody did. ``label``: the
    network's name. ``status``: as in :data:`resnet_core.jobs.store.Status`; ``elsewhere``: another program runs it.
    ``started_at``: UTC, ISO 8601. ``step`` of ``steps``, which is 0 where a budget of time decides the length or
    the run has not begun. Accuracies are from 0 to 1, None before a test. ``time_s``: what the training has taken;
    ``bytes``: what its folder takes. ``readable``: whether this version understands its network and its recipe, or
    its networks and options.
    ``resumable``: whether it ended early and can go on.
    """

    id: str
    study: str
    title: str
    label: str
    status: Status
    elsewhere: bool
    data: str
    seed: int
    device: str
    started_at: str
    step: int
    steps: int
    test_accuracy: float | None
    best_accuracy: float | None
    time_s: float
    bytes: int
    readable: bool
    resumable: bool

    @property
    def name(self) -> str:
        """The title, or else the network's name."""
        return self.title or self.label

    @property
    def file_name(self) -> str:
        """A name for the run's files elsewhere, such as ``cifar56-width-32-Ab3xK9_pQ2rT``."""
        return f"{FOREIGN.sub('-', self.name)[:60].strip('-.')}-{self.id}".lstrip("-")

    @property
    def alive(self) -> bool:
        """Whether it is going on, here or in another program."""
        return self.status not in FINISHED


def runs(root: Path, here: Mapping[str, Status] | None = None) -> list[RunSummary]:
    """The trainings and studies kept in a folder, the newest first; what is no run of this program is left out.

    ``here``: the status of those that this very program runs; every other one that is alive is ``elsewhere``.
    """
    found = []
    for folder in folders(root):
        summary = summarise(folder, here or {})
        if summary is not None:
            found.append((summary.started_at, _first_written(folder), summary))
    return [summary for _, _, summary in sorted(found, key=lambda row: row[:2], reverse=True)]


def summarise(folder: Path, here: Mapping[str, Status] | None = None) -> RunSummary | None:
    """One run, as :func:`runs` lists it; None for a folder that is none or cannot be read."""
    alive = is_alive(folder)  # asked first, as in stored.py
    head = load(folder / HEADER)
    task = head.get("task") if head else None
    if head is None or not isinstance(task, str) or not task:
        return None
    if task != "train":
        return None if alive else _study(folder, task, head)
    run, asked, known = _object(head.get("run")), _recipe(head), specs(head) is not None
    end = None if alive else load(folder / END)
    status: Status = "lost"
    if alive:
        status = (here or {}).get(folder.name, "running")
    elif end is not None and end.get("status") in FINISHED:
        status = end["status"]
    told = end if end is not None and "step" in end else _so_far(folder)
    return RunSummary(
        id=folder.name,
        study="",
        title=title_of(folder),
        label=str(head.get("label", "")),
        status=status,
        elsewhere=alive and folder.name not in (here or {}),
        data=str(asked.get("data", "")),
        seed=int(_number(asked.get("seed")) or 0),
        device=str(asked.get("device", "")),
        started_at=_time(run.get("started_at")) or _time(head.get("written_at")),
        step=int(_number(told.get("step")) or 0),
        steps=int(_number(run.get("steps")) or 0),
        test_accuracy=_number(told.get("test_accuracy")),
        best_accuracy=_number(told.get("best_accuracy")),
        time_s=_number(told.get("time_s")) or 0.0,
        bytes=_size(folder),
        readable=known,
        resumable=known and not alive and status != "done",
    )


def _study(folder: Path, name: str, head: dict[str, Any]) -> RunSummary | None:
    """A study, which was kept when it was finished; None for what is none, for a study has arguments."""
    if "args" not in head:
        return None
    options = _recipe(head)
    return RunSummary(
        id=folder.name,
        study=name,
        title=title_of(folder),
        label=str(head.get("label", "")),
        status="done",
        elsewhere=False,
        data=str(options.get("data", "")),
        seed=int(_number(head.get("seed")) or 0),
        device=str(head.get("device", "")),
        started_at=_time(head.get("written_at")),
        step=0,
        steps=0,
        test_accuracy=None,
        best_accuracy=None,
        time_s=_number((load(folder / END) or {}).get("time_s")) or 0.0,
        bytes=_size(folder),
        readable=_is_order(head["args"]),
        resumable=False,
    )


def _is_order(args: Any) -> bool:
    """Whether a study's arguments are networks and options, as far as its table and its records need not be read."""
    try:
        networks, options = args
        return isinstance(options, dict) and all(Subject.from_dict(one, 0) for one in networks)
    except (KeyError, TypeError, ValueError):  # a Refusal is a ValueError
        return False


def _so_far(folder: Path) -> dict[str, Any]:
    """What the end of a run would have said, from its last records and its last checkpoint."""
    kept = _object((load(folder / CHECKPOINT) or {}).get("progress"))
    lines = _last_lines(folder / RECORDS)
    last = next((record for line in lines if (record := _record(line))), {})
    tests = (_number(_record(line).get("test_accuracy")) for line in lines if UNTESTED not in line)
    tested = next((accuracy for accuracy in tests if accuracy is not None), _number(kept.get("test_accuracy")))
    known = [accuracy for accuracy in (tested, _number(kept.get("best_accuracy"))) if accuracy is not None]
    return {
        "step": last.get("step"),
        "time_s": last.get("time_s"),
        "test_accuracy": tested,
        "best_accuracy": max(known, default=None),
    }


def _last_lines(path: Path) -> list[bytes]:
    """The last whole lines of a file, the last one first; at least one, if there is one."""
    try:
        with path.open("rb") as file:
            size, length = os.fstat(file.fileno()).st_size, TAIL
            while True:
                file.seek(max(0, size - length))
                lines = file.read(min(size, length)).split(b"\n")
                if len(lines) > 2 or length >= min(size, LONGEST_LINE):
                    break
                length *= 2  # one network's lines are longer than another's
    except OSError:
        return []
    return lines[-2::-1] if length >= size else lines[-2:0:-1]


def _record(line: bytes) -> dict[str, Any]:
    try:
        return _object(_object(json.loads(line)).get("record"))
    except ValueError:
        return {}


def _recipe(head: dict[str, Any]) -> dict[str, Any]:
    args = head.get("args")
    return _object(args[1]) if isinstance(args, list) and len(args) > 1 else {}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def _time(value: Any) -> str:
    """A time in one form, so that they can be compared as text; "" where it is none."""
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""


def _first_written(folder: Path) -> int:
    """When the run was handed in, finer than its header says: the networks of a race start within a second."""
    try:
        return (folder / LOCK).stat().st_mtime_ns
    except OSError:
        return 0


def _size(folder: Path) -> int:
    try:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return 0  # being deleted
