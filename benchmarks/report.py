"""What a benchmark hands back, the table of it, and the file that keeps it."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from resnet_core.devices import device_name, versions

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Line:
    """One figure. ``limit`` is the target: not more than it where ``at_most``, else not less; None where there is none.

    ``samples`` are the measurements, in the same unit, of which ``value`` is the median.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_most: bool = False
    samples: list[float] = field(default_factory=list)

    @property
    def target(self) -> str:
        """The target as the table shows it."""
        return "" if self.limit is None else f"{'<=' if self.at_most else '>='} {self.limit:g} {self.unit}".rstrip()

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.limit is None:
            return ""
        return "met" if (self.value <= self.limit if self.at_most else self.value >= self.limit) else "MISSED"


def milliseconds(work: Callable[[], object], repeats: int, warm_up: int = 1) -> list[float]:
    """How long ``work`` takes, ``repeats`` times, after a few that are not counted."""
    times = []
    for turn in range(warm_up + repeats):
        started = perf_counter()
        work()
        if turn >= warm_up:
            times.append(1000 * (perf_counter() - started))
    return times


def of_samples(
    name: str, samples: list[float], unit: str, *, limit: float | None = None, at_most: bool = False
) -> Line:
    """A line for the median of measurements."""
    return Line(name, median(samples), unit, limit, at_most, samples)


def table(title: str, lines: list[Line]) -> str:
    """The lines as text, aligned for the eye."""
    width = max(len(line.name) for line in lines)
    rows = (
        f"  {line.name:{width}}  {line.value:>12,.4g} {line.unit:9} {line.target:14} {line.verdict}".rstrip()
        for line in lines
    )
    return "\n".join((title, *rows))


def keep(name: str, title: str, lines: list[Line]) -> Path:
    """Write the lines with date, machine and versions, so that a figure can be judged later."""
    RESULTS.mkdir(exist_ok=True)
    facts = {
        "benchmark": name,
        "title": title,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": device_name("cpu"), "cores": os.cpu_count(), "load_average": os.getloadavg()},
        "versions": versions() | {"fvcore": version("fvcore")},
        "lines": [asdict(line) | {"target": line.target, "verdict": line.verdict} for line in lines],
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
