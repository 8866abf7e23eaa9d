"""What a page that follows a run is told of it: the steps that it lacks, and of all else what has changed."""

import base64
from typing import Any

from app.text import Words
from app.text.sentences import STATUS
from resnet_core.errors import N_
from resnet_core.jobs.job import Job
from resnet_core.jobs.stored import StoredRun
from resnet_core.recipe import TRAIN_FIELDS, TrainSpec
from resnet_core.recorded import RUNS as RECORDED
from resnet_core.train.facts import facts_if_kept
from resnet_core.train.records import RunHeader
from resnet_core.train.tape import Tested

Run = Job | StoredRun
NOT_KEPT = N_("A visitor's own images, which are not kept here any more.")
MEASURED_HERE = N_(
    "Measured here: {data} Images of {size}×{size} pixels, batches of {batch}, seed {seed}; {device}, "
    "threads {threads}, {precision}, {format}, PyTorch {version}."
)
RECORDED_ELSEWHERE = N_(
    "Recorded, not trained here: {data} Images of {size}×{size} pixels, batches of {batch}, seed {seed}; {device}, "
    "threads {threads}, {precision}, {format}, PyTorch {version}."
)
FORMATS = TRAIN_FIELDS["memory_format"].choices


class Reader:
    """What one reader has been told of one run.

    A reader that was cut off has the first ``held`` held steps at ``stride`` already, and nothing else.
    """

    def __init__(self, say: Words, held: int = 0, stride: int = 1) -> None:
        self._say, self._held, self._stride = say, held, stride
        self._facts: dict[str, Any] = {}
        self._tests: list[Tested] = []
        self._header: RunHeader | None = None
        self._evidence = ""

    def news(self, run: Run) -> dict[str, Any]:
        """What this reader lacks, in plain JSON values; afterwards it has it.

        ``rows`` are the held steps from ``start`` on, ``last`` is the latest step where that is not held: float32 in
        base64, column after column in the order of ``columns``, which says how many values of each a step has.
        ``tests``: those from the place ``from`` on, with the classes that some images were given and how probable each
        was; null where that was not written down. A name that is not told has not changed.
        """
        columns, tests = run.tape.since(self._held, self._stride), run.tape.tests
        self._held, self._stride = columns.start + columns.steps, columns.stride
        told = {"id": run.id, "status": run.status, "start": columns.start, "stride": columns.stride}
        told["rows"] = _packed(b"".join(columns.values.values()))
        facts = {**self._of(run), "columns": columns.widths, "last": _packed(columns.last)}
        told |= {name: value for name, value in facts.items() if self._facts.get(name, ...) != value}
        if (same := _in_common(self._tests, tests)) < max(len(tests), len(self._tests)) or not self._facts:
            added = tests[same:]
            told["tests"] = {"from": same, "added": [test[:3] for test in added], "answers": list(map(_answers, added))}
        self._facts, self._tests = facts, tests
        return told

    def _of(self, run: Run) -> dict[str, Any]:
        """All that is shown of a run beside its numbers by step."""
        tape, header, say = run.tape, run.header, self._say
        if header != self._header:
            self._header, self._evidence = (
                header,
                evidence(header, say, recorded=isinstance(run, StoredRun) and run.folder.parent == RECORDED),
            )
        left, pace = left_s(run), tape.images_per_s
        return {
            "finished": run.finished,
            "evidence": self._evidence,
            "told": say(STATUS[run.status]),
            "error": say.refusal(run.error) if run.error else "",
            "warning": say.refusal(run.warning) if run.warning else "",
            "waits": say(N_("number {place} in the queue"), place=run.place) if run.place else "",
            "count": tape.count,
            "steps": header.steps if header else 0,
            "per_epoch": header.steps_per_epoch if header else 1,
            "slow": 0.0 if run.finished else run.slow_s,
            "progress": round(progress(run), 4),
            "left_s": None if left is None else round(left, 1),
            "pace": say(N_("{count} images/s"), count=f"{pace:,.0f}") if pace else "",
        }


def evidence(header: RunHeader | None, say: Words, *, recorded: bool = False) -> str:
    """Where the numbers of a run come from. ``recorded``: it ships with the project, and was not trained here."""
    if header is None:
        return ""
    known = facts_if_kept(TrainSpec(**header.train).images)
    return say(
        RECORDED_ELSEWHERE if recorded else MEASURED_HERE,
        data=say(known.source if known else NOT_KEPT), size=header.fitted["image_size"],
        batch=header.train["batch_size"], seed=header.seed, device=header.device_name, threads=header.threads,
        precision=header.precision, format=say(FORMATS[header.memory_format]), version=header.versions["torch"],
    )  # fmt: skip


def progress(run: Run) -> float:
    """The share of the training that is done: of its steps, or of its time, which a budget counts without tests."""
    header, last = run.header, run.tape.last
    if header is None or last is None:
        return 0.0
    if header.steps:
        return min(1.0, last.step / header.steps)
    return min(1.0, run.tape.steps_s(header.train["batch_size"]) / max(1, header.seconds))


def left_s(run: Run) -> float | None:
    """The seconds left at the pace so far, tests and slow motion included; None where there is no pace yet."""
    done, last = progress(run), run.tape.last
    if run.finished or last is None or not done:
        return None
    return (last.time_s + run.slow_s * last.step) * (1 - done) / done


def _in_common(before: list[Tested], now: list[Tested]) -> int:
    """How many tests from the first on are the same: thinned lists differ early."""
    for place, (one, other) in enumerate(zip(before, now, strict=False)):
        if one is not other:
            return place
    return min(len(before), len(now))


def _answers(test: Tested) -> list[list[int] | list[float]] | None:
    return [list(test.answers.named), [round(share, 4) for share in test.answers.shares]] if test.answers else None


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
