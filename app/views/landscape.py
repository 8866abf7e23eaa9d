"""All named networks in one picture; a click on one, or the list under it, puts it on A or B."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import link, state
from app.asked import Ask
from app.components.plot import plot
from app.figures.landscape import AXES, HEIGHT, dot, dots, landscape, measured
from app.figures.parts import source
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.views import study
from resnet_core.presets import presets
from resnet_core.probe.presets import PresetLatency

KEY, CHOSEN = "landscape", "landscape.chosen"
START = ("params", "cifar10_error")


def show(words: Words) -> None:
    """The section, folded away; it is made only while it is open."""
    with st.expander(words("All networks in one picture"), key=KEY, on_change="rerun") as folded:
        if not folded.open:
            return
        x, y = (
            place.selectbox(
                words("Horizontal axis") if at == "x" else words("Vertical axis"), list(AXES), list(AXES).index(start),
                key=f"{KEY}.{at}", format_func=lambda name: words(AXES[name].title),
            )
            for place, at, start in zip(st.columns(2), "xy", START, strict=True)
        )  # fmt: skip
        times: Mapping[str, PresetLatency] = {record.preset: record for record in study.records(KEY)}
        points = dots(x, y, times, words)
        networks = {slot: state.experiment().network(slot) for slot in SLOTS}
        marked = {slot: dot(one.title, one.spec, x, y, times, words) for slot, one in networks.items()}
        plot(
            landscape(points, x, y, marked, words), key=f"{KEY}.plot", height=HEIGHT, words=words, on_click=_choose,
            label=words(
                "{up} over {across}, a point for each of {count} named networks", up=words(AXES[y].title),
                across=words(AXES[x].title), count=len(points),
            ),
        )  # fmt: skip
        st.caption(_said(len(points), [SLOT_NAMES[slot] for slot, point in marked.items() if not point], words))
        if times and "time" in (x, y):
            st.html(source(measured(times, words)).markup)
        _put(words)
        study.section(KEY, [Ask(words("Measure the time of every network"), {}, ["presets"])], words)


def _said(count: int, absent: list[str], words: Words) -> str:
    told = words(
        "{count} of {all} named networks have both. Point at one, or tap it, for its numbers and their source; errors "
        "are the authors', of one protocol on an axis.",
        count=count, all=len(presets()),
    )  # fmt: skip
    return f"{told} {words('Not here: {slots}.', slots=', '.join(absent))}" if absent else told


def _put(words: Words) -> None:
    """The list, which a click on a point sets, and where to put what it names."""
    choice, *places = st.columns([4, 2, 2], vertical_alignment="bottom")
    with choice:
        name = st.selectbox(
            words("Network"), list(presets()), key=CHOSEN, format_func=lambda name: presets()[name].title
        )
    for slot, place in zip(SLOTS, places, strict=True):
        place.button(
            words("Put on {slot}", slot=SLOT_NAMES[slot]), key=f"{KEY}.put.{slot}", width="stretch", on_click=_take,
            args=(slot, name),
        )  # fmt: skip


def _choose(name: Any) -> None:
    """Callback of a click on a point."""
    if name in presets():
        st.session_state[CHOSEN] = name


def _take(slot: Slot, name: str) -> None:
    state.take_network(slot, lambda: link.network(name))
