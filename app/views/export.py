"""Take a network along: its source, its numbers, its drawings, its ONNX file."""

import streamlit as st

from app import state
from app.asked import Ask, of_networks
from app.figures.block import block_drawing
from app.figures.network import network_drawing
from app.figures.onnx import file_name
from app.figures.palette import SLOT_COLOURS
from app.figures.svg import standalone
from app.link import Network
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.views import study
from resnet_core.cost.ledger import Ledger, count
from resnet_core.errors import Refusal
from resnet_core.export.onnx import refuse_onnx
from resnet_core.export.source import source
from resnet_core.export.tables import ledger_csv, ledger_json
from resnet_core.spec_file import spec_json


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
        name = file_name(network.title)
        ledger = count(network.spec)
        _source(network, name, words)
        _tables(ledger, name, words)
        _drawings(ledger, slot, name, words)
        _background(network, slot, words)


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
    st.caption(words("The specification comes back under “{place}” of a network.", place=words("Depth, width ...")))


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


def _background(network: Network, slot: Slot, words: Words) -> None:
    """ONNX and torchinfo need torch, so a process of its own makes them when asked."""
    asked = of_networks(slot)
    asks = [Ask(words("Ask torchinfo for its summary"), asked, ["counts"], {"tool": "torchinfo"})]
    try:
        refuse_onnx(network.spec)
    except Refusal as refusal:
        st.info(words.refusal(refusal))
    else:
        asks.insert(0, Ask(words("Write the ONNX file"), asked, ["onnx"]))
    study.section("export", asks, words, options=False)


def _download(title: str, content: str | bytes, file_name: str, mime: str) -> None:
    # Ignored: nothing on the page depends on it, so nothing is drawn again.
    st.download_button(title, content, file_name, mime, on_click="ignore", width="stretch", key=f"export.{file_name}")
