"""Trainings from a terminal, and the run folders that they share with the page: ``train`` and ``runs``.

``train PRESET --run-dir DIR`` keeps the run in a new folder of DIR, which the page lists and opens; Ctrl-C and SIGTERM
end it as stopped, with its weights, a second one at once. ``train --resume RUN`` lets a run go on that has ended early,
by its id in DIR or by the path of its folder; its network and recipe are those of the folder. ``runs`` lists what is
kept; ``runs RUN --csv FILE`` and ``--tensorboard DIR`` write its records for other programs. Where DIR is not given,
``train`` keeps nothing, and what looks for a run takes ``$RESNET_EXPLORER_RUNS`` or ``runs``.
"""

import argparse
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from resnet_core.cli_bar import Bar
from resnet_core.errors import N_, Refusal
from resnet_core.export.findings import findings_csv
from resnet_core.export.runs import records_csv
from resnet_core.export.tensorboard import refuse_tensorboard, write_events
from resnet_core.fields import shorten
from resnet_core.jobs.here import KeptTraining
from resnet_core.jobs.kept import is_study, read_study
from resnet_core.jobs.listing import RunSummary, runs, summarise
from resnet_core.jobs.store import HEADER, folder_of, going_on, is_alive, load, root_folder, specs
from resnet_core.jobs.stored import StoredRun, read, run_header, steps
from resnet_core.recipe import TrainSpec
from resnet_core.records import dumps, to_dict, to_json
from resnet_core.spec import ArchSpec
from resnet_core.train.records import RunHeader, StepRecord

FAILED = 1
DEFAULT_DIR = "$RESNET_EXPLORER_RUNS, or runs"


class Ended(Exception):  # noqa: N818 - an end, not a fault
    """A command that has said all it has to say, and its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """What ``train`` takes beside a network and a recipe."""
    add_run_dir(
        parser,
        "keep the run in a new folder of DIR, as the page does. Without it nothing is kept, and --resume looks in "
        f"{DEFAULT_DIR}",
    )
    parser.add_argument("--resume", metavar="RUN", help="let a kept run go on: its id in --run-dir, or its folder")


def add_runs_options(parser: argparse.ArgumentParser) -> None:
    """What ``runs`` takes."""
    parser.add_argument("which", nargs="?", metavar="RUN", help="one run: its id in --run-dir, or its folder")
    add_run_dir(parser, f"where runs are kept. Default: {DEFAULT_DIR}")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the records of RUN there, one line a step")
    parser.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="write an event file of RUN into a folder of its own in DIR"
    )


def add_run_dir(parser: argparse.ArgumentParser, help_: str) -> None:
    """Where runs are kept."""
    parser.add_argument("--run-dir", type=Path, metavar="DIR", help=help_)


def find(run: str, run_dir: Path | None) -> Path:
    """The folder of a run that a command names: an id, or a path."""
    path, root = Path(run), root_folder(run_dir)
    for folder in (folder_of(root, run), folder_of(path.absolute().parent, path.name)):
        if folder is not None and (folder / HEADER).exists():
            return folder
    raise Refusal(N_("There is no run {run} in {folder}."), run=shorten(run), folder=str(root))


def to_resume(options: argparse.Namespace) -> StoredRun | None:
    """The run that ``--resume`` names; a refusal where it cannot go on."""
    if options.resume is None:
        return None
    folder = find(options.resume, options.run_dir)
    if is_study(load(folder / HEADER) or {}):
        raise Refusal(N_("The run {run} is a kept measurement and no training."), run=folder.name)
    before = read(folder.parent, folder.name)
    if before is None or before.task != "train":
        raise Refusal(N_("The run {run} was written by another version of this program."), run=folder.name)
    if is_alive(folder):
        raise going_on(folder.name)
    if before.status == "done":
        raise Refusal(N_("The run {run} is finished: there is nothing to continue."), run=folder.name)
    return before


def as_started(
    before: StoredRun, spec: ArchSpec | None, given: dict[str, Any], threads: int | None
) -> tuple[ArchSpec, TrainSpec, int]:
    """The network, recipe and threads of a run that goes on; a refusal where the command asks for others.

    ``given``: the fields of the recipe that the command names, as text.
    """
    asked = specs({"args": before.args})
    assert asked is not None, "read() hands out only what can be read"
    arch, how = asked
    known = int((load(before.folder / HEADER) or {}).get("threads", 1))
    other = [*arch.differences(spec or arch), *how.differences(how.with_(**given))]
    if threads not in (None, known):
        other.append("threads")
    if other:
        raise Refusal(
            N_("The run {run} goes on as it was started; the command asks for something else: {fields}."),
            run=before.id, fields=", ".join(other),
        )  # fmt: skip
    return arch, how, known


def train(
    spec: ArchSpec, how: TrainSpec, options: argparse.Namespace, *, threads: int, label: str, before: StoredRun | None
) -> Iterator[str]:
    """Lines for standard output: one object a step with ``--json``, else one line a test."""
    bar = TrainingBar()
    if before is None and options.run_dir is None:
        for record in _unkept(spec, how, threads):
            yield from bar.before(_line(record, how, options.json))
            bar.show(record)
        bar.clear()
        return
    root = before.folder.parent if before else root_folder(options.run_dir)
    kept = KeptTraining(spec, how, root=root, label=label, threads=threads, before=before)
    print(f"resnet_core: run {kept.id} in {root}", file=sys.stderr)  # noqa: T201 - standard output may be for a program
    said: Refusal | None = None
    with closing(kept.records()) as records, _stop_asked() as asked:
        for record in records:
            if kept.warning is not None and kept.warning is not said:
                said = kept.warning
                bar.clear()
                print(f"resnet_core: {said}", file=sys.stderr)  # noqa: T201
            yield from bar.before(_line(record, how, options.json))
            bar.show(record)
            if asked:
                break
    bar.clear()
    if asked:
        raise Ended(128 + asked[0])
    if kept.warning is not None:
        raise Ended(FAILED)  # it was to be kept


class TrainingBar(Bar):
    """The bar of a training: its steps, or its seconds where a budget of time decides."""

    def __init__(self) -> None:
        super().__init__()
        self._of: tuple[float, bool] = 0.0, True  # how many, and whether they are steps

    def show(self, record: RunHeader | StepRecord) -> None:
        """Take one record."""
        if isinstance(record, RunHeader):
            self._of = (record.steps, True) if record.steps else (record.seconds, False)
            return
        of, steps = self._of
        self(record.step if steps else record.time_s, of, "step {step}, loss {loss}", step=record.step,
             loss=f"{record.loss:.4f}")  # fmt: skip

    def before(self, lines: Iterator[str]) -> Iterator[str]:
        """Lines for standard output, with the bar out of their way."""
        for line in lines:
            self.clear()
            yield line


def _unkept(spec: ArchSpec, how: TrainSpec, threads: int) -> Iterator[RunHeader | StepRecord]:
    import torch

    from resnet_core.jobs.work import train as work

    torch.set_num_threads(threads)
    return work(spec.model_dump(mode="json"), how.model_dump(mode="json"))


def _line(record: RunHeader | StepRecord, how: TrainSpec, as_json: bool) -> Iterator[str]:
    """What is said of a record, if anything."""
    if isinstance(record, RunHeader):
        if not as_json:
            yield _beginning(record, how)
    elif as_json:
        yield to_json(record)
    elif record.test_accuracy is not None:
        yield (
            f"epoch {record.epoch:3}  step {record.step:5}  loss {record.loss:.4f}  test accuracy "
            f"{record.test_accuracy:.1%}  {record.images_per_s:,.0f} images/s  {record.time_s:.1f} s"
        )


def _beginning(header: RunHeader, how: TrainSpec) -> str:
    length = f"{header.steps} steps" if header.steps else f"{header.seconds} s"
    numerics = f"{header.precision}, {header.memory_format}{', compiled' if header.compiled else ''}"
    return (
        f"{length} of {how.batch_size} images on {header.device} ({header.device_name}), "
        f"threads {header.threads}, {numerics}, seed {header.seed}, torch {header.versions['torch']}"
    )


@contextmanager
def _stop_asked() -> Generator[list[int], None, None]:
    """Take the first Ctrl-C or SIGTERM as a wish to stop after this step; a second one ends the program at once."""
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show(options: argparse.Namespace) -> Iterator[str]:
    """``runs``: the list, one run, or its records in another form."""
    if options.which is None:
        if options.csv or options.tensorboard:
            raise Refusal(N_("Name the run whose records are to be written: runs RUN --csv FILE."))
        root = root_folder(options.run_dir)
        if options.run_dir is not None and not root.is_dir():
            raise Refusal(N_("There is no folder {folder}."), folder=str(root))
        if not (found := runs(root)):
            print(f"resnet_core: no run is kept in {root}", file=sys.stderr)  # noqa: T201 - as above
        yield from [dumps([to_dict(run) for run in found])] if options.json else map(_row, found)
        return
    folder = find(options.which, options.run_dir)
    summary = summarise(folder)
    if summary is None:
        raise Refusal(N_("There is no run {run} in {folder}."), run=folder.name, folder=str(folder.parent))
    written = _export(folder, summary, options)
    if options.json:
        yield to_json(summary)
    elif not written:
        yield _row(summary)
    else:
        yield from map(str, written)


def _row(run: RunSummary) -> str:
    rest = f"seed {run.seed}  {run.started_at}  {run.name}".rstrip()
    if run.study:
        return f"{run.id}  {run.study:15} {run.time_s:>20,.1f} s  {rest}"
    tested = "" if run.test_accuracy is None else f"{run.test_accuracy:.1%}"
    length = f"{run.step:,}/{run.steps:,}" if run.steps else f"{run.step:,}"
    return f"{run.id}  {run.status:8} {tested:>6}  {length:>15} steps  {rest}"


def _export_study(folder: Path, options: argparse.Namespace) -> list[Path]:
    """The records of a study as a table."""
    found = read_study(folder.parent, folder.name)
    if found is None or options.csv is None:
        raise Refusal(N_("The run {run} has no records that could be written."), run=folder.name)
    try:
        options.csv.write_text(findings_csv(found.records), encoding="utf-8", newline="")
    except OSError as error:
        raise Refusal(
            N_("{file} cannot be written: {reason}."), file=str(options.csv), reason=error.strerror or str(error)
        ) from error
    return [options.csv]


def _export(folder: Path, summary: RunSummary, options: argparse.Namespace) -> list[Path]:
    """Write what is asked for; the files."""
    if options.tensorboard:
        refuse_tensorboard()
    if not (options.csv or options.tensorboard):
        return []
    if summary.study:
        return _export_study(folder, options)
    header = run_header(folder)
    if header is None:
        raise Refusal(N_("The run {run} has no records that could be written."), run=folder.name)
    written = []
    try:
        if options.csv:
            with options.csv.open("w", encoding="utf-8", newline="") as file:
                file.writelines(records_csv(steps(folder), header.unit_names))
            written.append(options.csv)
        if options.tensorboard:
            place = options.tensorboard / summary.file_name
            written.append(write_events(place, header, steps(folder), summary.id))
    except OSError as error:
        raise Refusal(
            N_("{file} cannot be written: {reason}."),
            file=str(error.filename or options.csv or options.tensorboard), reason=error.strerror or str(error),
        ) from error  # fmt: skip
    return written
