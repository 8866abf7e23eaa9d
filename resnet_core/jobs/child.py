"""What runs in a child process: tasks, their records sent through a pipe, one line of JSON each, encoded here alone.

The parent hands over an order (an object with ``task``, ``args``, ``options``, ``threads`` and ``memory_bytes``). A
message to the parent is an object with one of these keys: ``record`` (with ``kind``, its class), ``warning`` (a refusal
that ends nothing), ``end`` (``done`` or ``stopped``), ``failed`` (a refusal), and what :mod:`.control` says. A refusal
is its template, field and values, a failure also the ``traceback`` for the log. What the parent says is looked for
between records, and a pause also within a step; a parent that is gone is noticed at the same place.

A child ends with its task, unless the table of tasks lets it stay: then its next task finds the memory and the kernels
that this one has prepared, which take longer than a short measurement itself.
"""

import contextlib
import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Generator
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.fields import shorten
from resnet_core.jobs.control import Control, Stopped
from resnet_core.jobs.tasks import TASKS, Task
from resnet_core.records import Record, to_line


def run(connection: Connection) -> None:
    """Take orders until one ends this process, or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group; the parent decides
    _be_quiet()
    control = Control(connection)
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):
        stays = True
        while stays:
            order = control.next_order()
            stays = TASKS[order["task"]].stays
            with control.beating():
                control.send(_done(order, control))


def _done(order: dict[str, Any], control: Control) -> dict[str, Any]:
    """Run a task to its end, to a stop, or to its failure, and say which."""
    try:
        return _work(control, **order)
    except (BrokenPipeError, EOFError, ConnectionResetError):
        raise  # the parent is gone, and with it everybody who would read on
    except Exception as error:  # noqa: BLE001 - reported to the parent, whatever it is
        return {"failed": _told(explained(error)), "traceback": traceback.format_exc()}


def _work(
    control: Control, *, task: str, args: list[Any], options: dict[str, Any], threads: int, memory_bytes: int | None
) -> dict[str, Any]:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard if memory_bytes is None else memory_bytes, hard))
    import torch

    torch.set_num_threads(threads)
    try:
        for record in (records := _begun(control, TASKS[task], args, options)):
            control.hand_over(to_line(record))
            if not control.goes_on():
                records.close()  # a training writes its weights now
                return {"end": "stopped"}
    except Stopped:
        return {"end": "stopped"}
    return {"end": "done"}


def _begun(control: Control, task: Task, args: list[Any], options: dict[str, Any]) -> Generator[Record, None, None]:
    """The records of a task that begins now."""
    module, _, name = task.run.partition(":")
    work: Callable[..., Generator[Record, None, None]] = getattr(importlib.import_module(module), name)
    if task.study:
        networks, chosen = task.study.asked(*args)
        task.study.refuse(networks, chosen)
        return work(networks, chosen, control.progress)
    if task.kind == "probe":
        return work(*args, control.progress)
    if "folder" in options:
        options = {**options, "warn": partial(_warn, control), "hold": control.hold}
    if options.get("ready"):
        options = {**options, "ready": control.ready}
    return work(*args, **options)


def _warn(control: Control, refusal: Refusal) -> None:
    control.send({"warning": _told(refusal)})


def _be_quiet() -> None:
    """Send what libraries print nowhere: the terminal belongs to the page's server."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def explained(error: Exception) -> Refusal:
    """The sentence for whatever ended a task."""
    if isinstance(error, Refusal):
        return error
    return _no_memory() if isinstance(error, MemoryError) or _is_out_of_memory(error) else _broken(error)


def _told(refusal: Refusal) -> dict[str, Any]:
    values = {
        name: value if isinstance(value, int | float) else str(value) for name, value in refusal.said(str).items()
    }
    return {"message": refusal.message, "field": refusal.field, "values": values}


def _no_memory() -> Refusal:
    return Refusal(
        N_("There was not enough memory for this; what had been recorded is kept. A smaller network, image or batch "
           "takes less.")
    )  # fmt: skip


def _broken(error: Exception) -> Refusal:
    return Refusal(
        N_("The process that measured this failed ({kind}: {text}); what it had recorded is kept."),
        kind=type(error).__name__, text=shorten(error, 200),
    )  # fmt: skip


def _is_out_of_memory(error: Exception) -> bool:
    """Whether torch ran out of memory: a class of its own on a GPU, on the CPU a RuntimeError known by its text."""
    text = str(error)
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in text or "not enough memory" in text
