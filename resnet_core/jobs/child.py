"""What runs in a child process: one task, its records sent through a pipe, one line of JSON each.

A message to the parent is an object with one of these keys: ``record`` (with ``kind``, its class), ``warning`` (a
refusal that ends nothing), ``end`` (``done`` or ``stopped``), ``failed`` (a refusal), and what :mod:`.control` says. A
refusal is its template, field and values, a failure also the ``traceback`` for the log. What the parent says is looked
for between records; a parent that is gone is noticed at the same place.
"""

import contextlib
import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Generator
from multiprocessing.connection import Connection
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.fields import shorten
from resnet_core.jobs.control import Control
from resnet_core.jobs.tasks import TASKS
from resnet_core.records import to_dict


def run(
    task: str, args: tuple[Any, ...], options: dict[str, Any], connection: Connection, threads: int,
    memory_bytes: int | None,
) -> None:  # fmt: skip
    """Run the named task to its end, to a stop, or to its failure, and say which."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group; the parent decides
    _be_quiet()
    control = Control(connection)
    control.beat()
    try:
        message = _work(task, args, options, control, threads, memory_bytes)
    except (BrokenPipeError, EOFError, ConnectionResetError):
        return  # the parent is gone, and with it everybody who would read on
    except Exception as error:  # noqa: BLE001 - reported to the parent, whatever it is
        message = {"failed": _told(explained(error)), "traceback": traceback.format_exc()}
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        control.send(message)


def _work(
    task: str, args: tuple[Any, ...], options: dict[str, Any], control: Control, threads: int, memory_bytes: int | None
) -> dict[str, Any]:
    if memory_bytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, hard))
    import torch

    torch.set_num_threads(threads)
    module, _, name = TASKS[task].function.partition(":")
    work = getattr(importlib.import_module(module), name)
    if "folder" in options:
        options = {**options, "warn": lambda refusal: control.send({"warning": _told(refusal)})}
    records: Generator[Any, None, None] = work(*args, **options)
    for record in records:
        control.send({"kind": type(record).__name__, "record": to_dict(record)})
        if not control.goes_on():
            control.send({"state": "stopping"})
            records.close()  # a training writes its weights now
            return {"end": "stopped"}
    return {"end": "done"}


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
    values = {name: value if isinstance(value, int | float) else str(value) for name, value in refusal.values.items()}
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
