"""Take a kept training or study along: records, facts, weights, all of it. Nothing is read before the click."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from app import cache
from app.text import Words
from app.views import parts
from app.views.kept_study import UNREADABLE
from resnet_core.errors import N_, Refusal
from resnet_core.export.runs import answers_csv, facts_json, records_csv, zipped
from resnet_core.export.tensorboard import refuse_tensorboard, write_events
from resnet_core.jobs.kept import read_study
from resnet_core.jobs.listing import RunSummary
from resnet_core.jobs.store import END, HEADER, LOCK, RECORDS, folder_of, load
from resnet_core.jobs.stored import run_header, steps

WEIGHTS = {
    "last.safetensors": N_("Weights after the last step, safetensors"),
    "best.safetensors": N_("Weights of the best test, safetensors"),
}
MOST_BYTES = 1_000_000_000  # a page hands a file out from the server's memory


def show(run: RunSummary, words: Words) -> None:
    """A button for each form."""
    folder = folder_of(cache.desk().root, run.id)
    if folder is None:
        return
    if run.study:
        if found := read_study(cache.desk().root, run.id):
            parts.downloads(found, f"runs.{run.id}", words)
        else:
            st.info(words(UNREADABLE))
        return
    name = run.file_name
    if (folder / RECORDS).exists():
        _button(words("Records, CSV"), lambda: "".join(_csv(folder)), f"{name}.csv", "text/csv")
        _file(words("Records, JSON lines"), folder / RECORDS, f"{name}.jsonl", "application/x-ndjson", words)
    _button(words("Network, recipe and results, JSON"), lambda: _facts(folder, run), f"{name}.json", "application/json")
    for file, title in WEIGHTS.items():
        if (folder / file).exists():
            _file(words(title), folder / file, f"{name}-{file}", "application/octet-stream", words)
    if run.bytes > MOST_BYTES:
        st.caption(_too_large(folder, run.bytes, words))
    else:
        _button(words("Everything, ZIP"), lambda: _everything(folder, run), f"{name}.zip", "application/zip")
    try:
        refuse_tensorboard()
    except Refusal as refusal:
        st.caption(words.refusal(refusal))
    else:
        if run_header(folder) is not None:
            _button(words("TensorBoard event file, ZIP"), lambda: _events(folder, run), f"{name}-tensorboard.zip",
                    "application/zip")  # fmt: skip


def _button(title: str, content: Callable[[], str | bytes | BinaryIO], file_name: str, mime: str) -> None:
    st.download_button(title, content, file_name, mime, on_click="ignore", width="stretch", key=f"runs.{file_name}")


def _file(title: str, path: Path, file_name: str, mime: str, words: Words) -> None:
    size = path.stat().st_size
    if size > MOST_BYTES:
        st.caption(_too_large(path, size, words))
    else:
        _button(title, lambda: path.open("rb"), file_name, mime)


def _too_large(path: Path, size: int, words: Words) -> str:
    return words("`{path}` has {size} MB, more than goes through a page: copy it from there.", path=str(path),
                 size=f"{size / 1e6:,.0f}")  # fmt: skip


def _csv(folder: Path) -> Iterator[str]:
    header = run_header(folder)
    return records_csv(steps(folder), header.unit_names if header else ())


def _facts(folder: Path, run: RunSummary) -> str:
    return facts_json(load(folder / HEADER) or {}, load(folder / END) or {}, title=run.title)


def _everything(folder: Path, run: RunSummary) -> bytes:
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != LOCK and path.suffix != ".part")
    name = run.file_name
    tables = {f"{name}/records.csv": _csv(folder), f"{name}/answers.csv": answers_csv(steps(folder))}
    return zipped({**{f"{name}/{path.name}": path for path in files}, **tables})


def _events(folder: Path, run: RunSummary) -> bytes:
    header = run_header(folder)
    assert header is not None, "the button stands only where there is one"
    with tempfile.TemporaryDirectory() as place:
        events = write_events(Path(place), header, steps(folder), run.id)
        return zipped({f"{run.file_name}/{events.name}": events})
