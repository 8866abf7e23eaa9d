"""The gradient-flow panel of Explore: a study that is asked by itself whenever a network changes."""

import time

import streamlit as st

from app import cache, controls, state
from app.asked import Asked, of_networks
from app.figures.gradients import HEIGHT
from app.figures.parts import Chart, Part
from app.figures.studies import draw
from app.slots import SLOT_NAMES, SLOTS
from app.text import Words
from app.views import parts, study
from resnet_core.errors import Refusal

KEY = "gradients"
QUICK_S = 1.0  # a warm measurement of a ResNet-56 takes a quarter of it on a machine that does nothing else
BEAT_S = 0.005  # between two chances for a click to interrupt the wait
LOOK_S = 0.25  # between two looks at a longer measurement
DIMMED = "<style>.st-key-gradients-panel { opacity: 0.45; }</style>"


class Panel:
    """A place on the page that is filled after everything else."""

    def __init__(self, words: Words) -> None:
        self.words = words
        with st.container(key="gradients.panel"):
            self.figure = st.container(height=HEIGHT + 10, border=False)
            self.reading = st.empty()
        note, taken, seed = st.columns([6, 3, 3], vertical_alignment="top")
        self.note, self.taken = note.empty(), taken.empty()
        with seed:
            controls.train_field("seed", state.experiment().train.seed, words)

    def measure(self) -> None:
        """Ask for both measurements and draw them, at once if they are there or quick.

        A click that falls into this wait is answered after it, so the wait is short: a longer measurement goes on by
        itself, and a small fragment looks for it.
        """
        networks = of_networks(*SLOTS)
        asked = Asked.of([KEY], networks, {})
        if refused := asked.current.refusals:
            told = "\n\n".join(f"{SLOT_NAMES[slot]}: {self.words.refusal(one)}" for slot, one in refused.items())
            self.note.error(told)
            return
        if not cache.desk_is_warm():
            # The fork server imports torch for seconds: the page is drawn, and works, before it begins.
            self._watch_for(None)
            return
        before: Asked | None = st.session_state.get(f"{KEY}.asked")
        if before and before.networks == networks and before.current.options == asked.current.options:
            asked = before  # what failed stays so until the visitor tries again
        st.session_state[f"{KEY}.asked"] = asked
        try:
            asked.go_on()
        except Refusal as refusal:
            self.note.error(self.words.refusal(refusal))
            return
        deadline = time.monotonic() + QUICK_S
        while not all(job.wait(BEAT_S) for job in asked.current.jobs) and time.monotonic() < deadline:
            # In a fragment's run, Streamlit lets a newer run take over where the session is read.
            st.session_state.get("experiment")
        if asked.finished:
            self._take(asked)
            return
        self._draw_last()
        self._watch_for(asked)

    def _watch_for(self, asked: Asked | None) -> None:
        with self.note:
            st.fragment(_watch, run_every=LOOK_S)(asked, time.monotonic())

    def _take(self, asked: Asked) -> None:
        """Draw what was measured, or say what was not."""
        if asked.failed:
            self._draw_last()
            with self.note.container():
                _say_before(self.words)
                study.problems(KEY, asked, self.words)
            return
        found = asked.current.found
        drawn = draw(found, self.words)
        st.session_state[f"{KEY}.last"] = found
        self._draw(drawn)
        with self.note.container():
            parts.show(drawn[-1:], f"{KEY}.source", self.words)
        with self.taken.container():
            parts.take(found, KEY, self.words)

    def _draw_last(self) -> None:
        """The last figure stays until a new one is there: an element left out for a run would be mounted anew."""
        if last := st.session_state.get(f"{KEY}.last"):
            self._draw(draw(last, self.words))

    def _draw(self, drawn: list[Part]) -> None:
        chart, *rest = drawn
        assert isinstance(chart, Chart)
        with self.figure:
            parts.chart(chart, KEY, self.words)
        with self.reading.container():
            parts.show(rest[:-1], f"{KEY}.reading", self.words)


def _watch(asked: Asked | None, started: float) -> None:
    """Say how far it is, with the last figure dimmed, and draw the page anew once both networks are there; ``None``
    waits for the fork server."""
    words = state.resume()
    if cache.desk_is_warm() if asked is None else asked.finished:
        state.rerun()
    if asked is None:
        if time.monotonic() - started > LOOK_S / 2:
            cache.warm_desk()
        waited = f"{time.monotonic() - started:.0f}"
        st.caption(words("Measuring in a process of its own: {seconds} s", seconds=waited))
        return
    _say_before(words)
    study.progress(KEY, asked, words, narrow=True)


def _say_before(words: Words) -> None:
    """Dim the last figure, where there is one, and say why."""
    if f"{KEY}.last" in st.session_state:
        told = words("The figure shows the networks as they were before.")
        st.html(f'{DIMMED}<div class="rx-source">{told}</div>')
