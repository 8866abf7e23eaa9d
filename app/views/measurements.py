"""Every study that has no place of its own on Explore, in a section each: a new one appears here by itself."""

import streamlit as st

from app import state
from app.asked import Ask, of_networks
from app.figures.studies import FIGURES
from app.slots import SLOTS
from app.views import study
from resnet_core.studies import STUDIES

PLACED = {"counts", "latency", "kernels", "roofline", "onnx", "presets"}  # by the other files of this folder
ELSEWHERE = {"numerics"}  # asked by Train


def show() -> None:
    """The sections, folded away."""
    for name in FIGURES:
        if name not in PLACED | ELSEWHERE:
            st.fragment(_one)(name)


def _one(name: str) -> None:
    """One section; it is made only while it is open."""
    words, declared = state.resume(), STUDIES[name]
    with st.expander(words(declared.title), key=f"study.{name}", on_change="rerun") as folded:
        if not folded.open:
            return
        st.markdown(words(declared.says))
        st.caption(declared.source)
        ask = Ask(words("Measure A and B"), of_networks(*SLOTS), [name])
        study.section(f"study.{name}", [ask], words)
