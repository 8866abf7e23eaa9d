"""Take a network along: its source, its numbers, its drawings, its ONNX file."""

import re

import streamlit as st

from app import cache, state
from app.figures.block import block_drawing
from app.figures.network import network_drawing
from app.figures.palette import SLOT_COLOURS
from app.figures.svg import standalone
from app.link import Network
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from resnet_core.cost.ledger import Ledger, count
from resnet_core.errors import Refusal
from resnet_core.export.onnx import refuse_onnx
from resnet_core.export.source import source
from resnet_core.export.tables import ledger_csv, ledger_json, spec_json
from resnet_core.jobs.job import Job

BEAT_S = 0.3
ASKED = "export.asked"  # in the session: what was asked for in the background, of which network


@st.fragment
def show() -> None:
    """The section, folded away; its texts are made only while it is open."""
    words = state.resume()
    with st.expander(words("Take it with you"), key="export", on_change="rerun") as folded:
        if not folded.open:
            return
        slot = st.segmented_control(
            words("Network"), list(SLOTS), key="export.slot", default="a", required=True,
            format_func=SLOT_NAMES.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        network = state.experiment().network(slot)
        name = _file_name(network)
        ledger = count(network.spec)
        _source(network, name, words)
        _tables(ledger, name, words)
        _drawings(ledger, slot, name, words)
        _background(network, name, words)


def _file_name(network: Network) -> str:
    """A neutral name such as ``resnet50`` or ``cifar56-width-32``, the same for the same network."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", network.title)[:80].strip("-.")


def _source(network: Network, name: str, words: Words) -> None:
    text = source(network.spec, network.title)
    st.markdown(words("**PyTorch source** that needs only torch. It is the same network: a state_dict passes both "
                      "ways, and the outputs are equal."))  # fmt: skip
    st.code(text, language="python", height=380)
    _download(words("Source, {name}.py", name=name), text, f"{name}.py", "text/x-python")


def _tables(ledger: Ledger, name: str, words: Words) -> None:
    csv, json, spec = st.columns(3)
    with csv:
        _download(words("Ledger, CSV"), ledger_csv(ledger), f"{name}-ledger.csv", "text/csv")
    with json:
        _download(words("Ledger, JSON"), ledger_json(ledger), f"{name}-ledger.json", "application/json")
    with spec:
        _download(
            words("Specification, JSON"), spec_json(ledger.plan.spec), f"{name}-specification.json", "application/json"
        )


def _drawings(ledger: Ledger, slot: Slot, name: str, words: Words) -> None:
    colour = SLOT_COLOURS[slot]
    block, first, network = st.columns(3)
    with block:
        drawn = standalone(block_drawing(ledger.plan.ordinary_unit, colour, words))
        _download(words("Block diagram, SVG"), drawn, f"{name}-block.svg", "image/svg+xml")
    with first:
        drawn = standalone(block_drawing(ledger.plan.changing_unit, colour, words))
        _download(words("First block of a stage, SVG"), drawn, f"{name}-first-block.svg", "image/svg+xml")
    with network:
        drawn = standalone(network_drawing(ledger, colour, words))
        _download(words("Network diagram, SVG"), drawn, f"{name}-network.svg", "image/svg+xml")


def _background(network: Network, name: str, words: Words) -> None:
    """ONNX and torchinfo need torch, so a process of its own makes them when asked."""
    onnx, summary = st.columns(2)
    try:
        refuse_onnx(network.spec)
    except Refusal as refusal:
        onnx.info(words.refusal(refusal))
    else:
        title = words("Write the ONNX file")
        onnx.button(title, key="export.onnx", width="stretch", on_click=_ask, args=("onnx", network))
    title = words("Ask torchinfo for its summary")
    summary.button(title, key="export.torchinfo", width="stretch", on_click=_ask, args=("torchinfo", network))
    what, asked = st.session_state.get(ASKED, ("", None))
    if asked is None or asked.spec != network.spec:
        return  # what was asked belongs to another network than the one on show
    job = cache.onnx(network.spec, _seed()) if what == "onnx" else cache.tool(network.spec, "torchinfo")
    waiting = not job.finished
    st.fragment(_answer, run_every=BEAT_S if waiting else None)(what, network, name, job, waiting)


def _ask(what: str, network: Network) -> None:
    st.session_state[ASKED] = what, network


def _seed() -> int:
    return state.experiment().train.seed


def _answer(what: str, network: Network, name: str, job: Job, waiting: bool) -> None:
    words = state.resume()
    if not job.finished:
        st.caption(words("Written in a process of its own ..."))
        return
    if waiting:
        st.rerun()  # the section once more, which ends the beat
    if not job.records:
        st.error(words.refusal(job.error) if job.error else words("stopped"))
        if what == "onnx":
            cache.forget_onnx(network.spec, _seed())
    elif what == "onnx":
        file = job.records[-1]
        _download(words("ONNX, {name}.onnx", name=name), file.content, f"{name}.onnx", "application/octet-stream")
        st.caption(
            words(
                "{size} bytes, opset {opset}, first weights of seed {seed}; torch {torch}, onnx {onnx}, {seconds} s.",
                size=f"{file.size_bytes:,}", opset=file.opset, seed=file.seed, torch=file.versions["torch"],
                onnx=file.versions["onnx"], seconds=f"{file.time_s:.1f}",
            )
        )  # fmt: skip
    else:
        text = job.records[-1].text
        st.code(text, language=None, wrap_lines=False, height=380)
        _download(words("Summary, {name}.txt", name=name), text, f"{name}-torchinfo.txt", "text/plain")


def _download(title: str, content: str | bytes, file_name: str, mime: str) -> None:
    # Ignored: nothing on the page depends on it, so nothing is drawn again.
    st.download_button(title, content, file_name, mime, on_click="ignore", width="stretch", key=f"export.{file_name}")
