"""What a study found, as text for other programs and for a terminal. No torch here."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from statistics import median
from typing import Any

from resnet_core.records import to_dict
from resnet_core.study import Finding

PROVENANCE = ("seed", "device", "device_name", "threads", "versions", "time_s")
LONGEST_CELL = 100  # of a terminal's line
MANY = 40  # repeats of one measurement, of which a terminal shows the spread
SPREAD: dict[str, Callable[[Any], Any]] = {"median": median, "least": min, "most": max}


def findings_csv(records: Sequence[Finding]) -> str:
    """One line for each entry of a record's lists under a line of names (RFC 4180), with the single values repeated.

    A value by name, such as a version, has a column for each name: ``versions.torch``. What is not there, or not
    finite, is empty. Pictures are left out.
    """
    lines = [line for record in records for line in _lines(record)]
    names = list(dict.fromkeys(name for line in lines for name in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def findings_text(record: Finding) -> Iterable[str]:
    """A record for a terminal: its single values and what follows from them, its lists as columns, and where it was
    measured."""
    values = to_dict(record)
    lists = {name: value for name, value in values.items() if isinstance(value, list) and value}
    pictures = [name for name, value in lists.items() if isinstance(value[0], dict)]
    lists = {name: value for name, value in lists.items() if name not in pictures}
    single = {name: value for name, value in values.items() if not isinstance(value, list | dict)}
    if record.network:
        yield record.network
    for name, value in single.items():
        if name not in (*PROVENANCE, "network", "place"):
            yield from _single(name, value)
    for name, value in record.derived.items():
        yield from _single(name, value)
    for name, value in values.items():
        if isinstance(value, dict) and name not in PROVENANCE:
            yield from (f"  {name}: {key} = {_cell(amount)}" for key, amount in value.items() if _is_single(amount))
    yield from (f"  {name}: {len(values[name])} pictures, which --json has" for name in pictures)
    named = any(isinstance(value[0], str) for value in lists.values())
    if not named and max(map(len, lists.values()), default=0) > MANY:
        for name, value in lists.items():
            spread = ", ".join(f"{what} {_cell(of(value))}" for what, of in SPREAD.items())
            yield f"  {name}: {len(value)} values, {spread}"
    elif lists:
        columns = [[name, *map(_cell, column)] for name, column in lists.items()]
        widths = [max(map(len, column)) for column in columns]
        for row in zip_longest(*columns, fillvalue=""):
            yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield (
        f"  measured: seed {record.seed}, {record.device} ({record.device_name}), threads {record.threads}, "
        f"torch {record.versions['torch']}, {record.time_s:.2f} s"
    )


def _lines(record: Finding) -> Iterable[dict[str, Any]]:
    values = to_dict(record)
    single: dict[str, Any] = {}
    lists: dict[str, Sequence[Any]] = {}
    for name in ("network", "place", *(name for name in values if name not in ("network", "place"))):
        value = values[name]
        if isinstance(value, Mapping):
            single |= {f"{name}.{key}": _plain(item) for key, item in value.items() if _is_single(item)}
        elif isinstance(value, list):
            lists |= {name: value} if all(map(_is_single, value)) else {}
        else:
            single[name] = _plain(value)
    rows = zip_longest(*lists.values(), fillvalue="") if any(lists.values()) else [[""] * len(lists)]
    for row in rows:
        yield {**single, **{name: _plain(item) for name, item in zip(lists, row, strict=True)}}


def _is_single(value: Any) -> bool:
    """Whether it can stand in a cell: a picture and what else is nested is for programs, in the JSON."""
    return not isinstance(value, list | dict)


def _single(name: str, value: Any) -> Iterable[str]:
    """A value in its line; of a table of another program, and of bytes as text, only the size or the beginning."""
    if isinstance(value, str) and "\n" in value:
        yield f"  {name}: {value.count(chr(10)) + 1} lines, which --json has"
    else:
        text = _cell(value)
        yield f"  {name} = {text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + '…'}"


def _cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4e}"


def _plain(value: Any) -> Any:
    """A cell for a program: numbers to the last digit, nothing for what is not there."""
    return "" if value is None or (isinstance(value, float) and not math.isfinite(value)) else value
