"""Studies in run folders: written there, read again, and what a study takes from a kept training. No torch here.

A study's folder is like a training's: ``header.json`` (its name as the task, networks and options as the arguments),
``records.jsonl`` and ``end.json``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.jobs.store import HEADER, RECORDS, Writer, folder_of, load, new_id
from resnet_core.jobs.stored import run_header
from resnet_core.records import from_line, to_line
from resnet_core.spec import ArchSpec
from resnet_core.studies import STUDIES, Found, refuse_too_many
from resnet_core.study import Subject
from resnet_core.train import epochs

WEIGHTS = "last.safetensors"  # of a training's folder: those after its last step
TAKEN = ("data", "side", "archive")  # what a study of trained weights takes from their recipe unless told otherwise
DRAWN = (*TAKEN, "seed")  # and of first weights, which the seed draws


def keep(root: Path, found: Found) -> str:
    """Write what a study found into a new folder; its id. A :class:`Refusal` where that cannot be done."""
    if not found.records:
        raise Refusal(N_("There is nothing to keep yet."))
    refuse_too_many(found.networks)
    writer = Writer(root, new_id())
    writer.claim()
    args = list(found.order)
    facts = {"threads": found.records[0].threads, "seed": found.records[0].seed, "device": found.records[0].device}
    writer.header({"task": found.study.name, "args": args, "label": found.title, "run": None, **facts})
    for record in found.records:
        writer.record(to_line(record))
    writer.end({"status": "done", "error": None, "time_s": sum(record.time_s for record in found.records)})
    if writer.warning is not None:
        raise writer.warning
    return writer.folder.name


def read_study(root: Path, run_id: str) -> Found | None:
    """What a kept study found; None where there is none that this version can read, or it is damaged."""
    folder = folder_of(root, run_id)
    head = load(folder / HEADER) if folder else None
    if folder is None or head is None or not is_study(head):
        return None
    study = STUDIES[head["task"]]
    try:
        networks, options = head["args"]
        kinds = {study.record.__name__: study.record}
        return Found.read(study, networks, options, [from_line(kinds, line) for line in _lines(folder / RECORDS)])
    except (KeyError, TypeError, ValueError):  # a Refusal is a ValueError
        return None


def is_study(head: Mapping[str, Any]) -> bool:
    """Whether the header of a folder is a kept study's."""
    task = head.get("task")
    return isinstance(task, str) and task in STUDIES


def trained(folder: Path, name: str = "", epoch: int | None = None) -> tuple[Subject, Mapping[str, Any]]:
    """The network of a kept training as it was fitted to its images, with its weights after the last step.

    ``epoch``: with those after an epoch that is kept (:func:`kept_epochs`); 0 are the first weights, without a file.
    With it, the options that follow from its recipe. A :class:`Refusal` where these weights are not kept.
    """
    header, head = run_header(folder), load(folder / HEADER) or {}
    weights = folder / WEIGHTS if epoch is None else epochs.file_of(folder, epoch) if epoch else None
    label = name or str(head.get("label", "")) or folder.name
    if header is None or (epoch is None and weights and not weights.exists()):
        raise Refusal(N_("The run {run} has no weights that could be measured."), run=folder.name)
    if epoch is not None and weights and not weights.exists():
        raise Refusal(
            N_("Of the run {run} the weights after epoch {epoch} are not kept; kept are those of {epochs} (0 are the "
               "first weights). A run keeps up to {most} and {size} MB of them, so of a long one each second, fourth "
               "and so on."),
            field="epoch", run=folder.name, epoch=epoch, epochs=", ".join(map(str, kept_epochs(folder))),
            most=epochs.MOST_FILES, size=epochs.MOST_BYTES // 10**6,
        )  # fmt: skip
    at = folder.name if epoch is None else f"{folder.name}, epoch {epoch}"
    subject = Subject(f"{label} ({at})", ArchSpec(**header.fitted), weights=weights and weights.absolute())
    return subject, {field: header.train[field] for field in (TAKEN if weights else DRAWN) if field in header.train}


def kept_epochs(folder: Path) -> tuple[int, ...]:
    """The epochs of a training at which it can be measured: 0, its first weights, and those whose weights are kept."""
    return 0, *epochs.kept(folder)


def _lines(path: Path) -> list[bytes]:
    """The lines of a file of records."""
    try:
        return path.read_bytes().splitlines()
    except OSError:
        return []
