"""The records of a training as text that other programs read. No torch here."""

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from resnet_core.train.records import SCALARS, SIGNALS, StepRecord

NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def records_csv(records: Iterable[StepRecord], unit_names: Sequence[str]) -> Iterator[str]:
    """One line for each step under a line of names (RFC 4180), line by line.

    A value by unit has a column for each unit, ``gradient_norm.layer1.0``. What was not measured in this step is empty;
    what is not finite is NaN, Infinity or -Infinity, which pandas and R read as such.
    """
    line = _lines()
    yield line([*SCALARS, *(f"{signal.column}.{name}" for signal in SIGNALS.values() for name in unit_names)])
    for record in records:
        cells = [_cell(getattr(record, name)) for name in SCALARS]
        for name in SIGNALS:
            values = getattr(record, name)
            measured = len(values) == len(unit_names)
            cells += [_cell(value) for value in values] if measured else [""] * len(unit_names)
        yield line(cells)


def answers_csv(records: Iterable[StepRecord]) -> Iterator[str]:
    """What was answered to the followed test images: one line for each of them and each test, under a line of names.

    ``image`` is its number in the test set, from 0; ``class`` and ``named`` are numbers of classes, whose names stand
    in the facts of the run; ``probability`` is that of the named one, 0 to 1, and NaN where the network's output is.
    """
    line = _lines()
    yield line(["step", "image", "class", "named", "probability"])
    for record in records:
        if told := record.answers:
            for row in zip(told.numbers, told.labels, told.named, told.shares, strict=True):
                yield line([record.step, *row[:3], _cell(row[3])])


def facts_json(header: Mapping[str, Any], end: Mapping[str, Any], *, title: str = "") -> str:
    """What a run was and how it ended, from its ``header.json`` and ``end.json``.

    ``arch`` is the network's specification, ``train`` the recipe; ``ArchSpec(**arch)`` and ``TrainSpec(**train)`` read
    them back. ``run`` are the facts of its start, ``end`` its status and last results.
    """
    args = header.get("args")
    arch, train = args if isinstance(args, list) and len(args) == 2 else (None, None)
    known = {name: value for name, value in header.items() if name not in ("task", "args", "run", "written_at")}
    values = {"title": title, **known, "arch": arch, "train": train, "run": header.get("run"), "end": dict(end)}
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def zipped(files: Mapping[str, Path | Iterable[str]]) -> bytes:
    """A ZIP archive: under each name a file from disk, or the texts that are put out one after the other."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            if isinstance(content, Path):
                target.write(content, name)
                continue
            with target.open(name, "w", force_zip64=True) as member:
                for text in content:
                    member.write(text.encode())
    return archive.getvalue()


def _lines() -> Callable[[Iterable[Any]], str]:
    """A writer that returns each line (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)

    def line(values: Iterable[Any]) -> str:
        writer.writerow(values)
        written = text.getvalue()
        text.seek(0)
        text.truncate()
        return written

    return line


def _cell(value: float | None) -> float | str:
    if value is None:
        return ""
    return value if math.isfinite(value) else NOT_FINITE[str(value)]
