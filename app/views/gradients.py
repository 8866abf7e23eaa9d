"""The gradient-flow panel of Explore: measured in a child process, drawn as soon as both networks are there."""

import time

import streamlit as st

from app import cache, controls, state
from app.components.plot import plot
from app.figures.gradients import gradient_profile
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.text.sentences import gradient_reading
from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import Refusal
from resnet_core.jobs.job import Job
from resnet_core.probe.records import GradientFlow
from resnet_core.train.facts import fit

HEIGHT = 285
BATCH = 128
DATA = "digits"  # whatever the training learns: at hand without a network, and small
QUICK_S = 1.0  # a warm measurement of a ResNet-56 takes a quarter of it on a machine that does nothing else
BEAT_S = 0.005  # between two chances for a click to interrupt the wait
LOOK_S = 0.25  # between two looks at a longer measurement


class Panel:
    """A place on the page that is filled after everything else."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.figure = st.container(height=HEIGHT + 10, border=False)
        self.reading = st.empty()
        note, seed = st.columns([5, 2], vertical_alignment="top")
        self.note = note.empty()
        with seed:
            controls.train_field("seed", state.experiment().train.seed, words)

    def measure(self) -> None:
        """Ask for both measurements and draw them, at once if they are there or quick.

        A click that falls into this wait is answered after it, so the wait is short: a longer measurement goes on by
        itself, and a small fragment looks for it.
        """
        train = state.experiment().train
        jobs: dict[Slot, Job] = {}
        for slot in SLOTS:
            spec = state.experiment().network(slot).spec
            try:
                refuse_if_too_large(fit(spec, DATA), BATCH)
            except Refusal as refusal:
                self.note.error(f"{SLOT_NAMES[slot]}: {self.words.refusal(refusal)}")
                return
            if not cache.desk_is_warm():
                # The fork server imports torch for seconds: the page is drawn, and works, before it begins.
                self._watch_for(None)
                return
            jobs[slot] = cache.gradients(spec, train.seed, DATA)
        deadline = time.monotonic() + QUICK_S
        while not all(job.wait(BEAT_S) for job in jobs.values()) and time.monotonic() < deadline:
            # In a fragment's run, Streamlit lets a newer run take over where the session is read.
            st.session_state.get("experiment")
        if all(job.finished for job in jobs.values()):
            self._take(jobs)
            return
        # The last figure stays until the new one is there: an element that is left out for a run would be mounted anew.
        if last := st.session_state.get("gradients.last"):
            self._draw(*last)
        self._watch_for(list(jobs.values()))

    def _watch_for(self, jobs: list[Job] | None) -> None:
        with self.note:
            st.fragment(_watch, run_every=LOOK_S)(jobs, time.monotonic())

    def _take(self, jobs: dict[Slot, Job]) -> None:
        """Draw what was measured, or say what was not."""
        train = state.experiment().train
        flows: dict[Slot, GradientFlow] = {}
        for slot, job in jobs.items():
            if not job.records:
                cache.forget_gradients(state.experiment().network(slot).spec, train.seed, DATA)
                reason = self.words.refusal(job.error) if job.error else self.words("the measurement was stopped")
                self.note.error(f"{SLOT_NAMES[slot]}: {reason}")
                return
            flows[slot] = job.records[-1]
        names = {slot: state.experiment().network(slot).title for slot in SLOTS}
        st.session_state["gradients.last"] = flows, names
        self._draw(flows, names)
        self.note.html(f'<div class="rx-source">{self._provenance(flows["a"])}</div>')

    def _draw(self, flows: dict[Slot, GradientFlow], names: dict[Slot, str]) -> None:
        words = self.words
        with self.figure:
            plot(
                gradient_profile({slot: flow.norms for slot, flow in flows.items()}, names, words),
                key="gradients",
                height=HEIGHT,
                label=words("Gradient norm at the input of each block, for A and for B, on a logarithmic axis"),
                words=words,
            )
        self.reading.markdown(gradient_reading({slot: flow.norms for slot, flow in flows.items()}, words))

    def _provenance(self, flow: GradientFlow) -> str:
        return self.words(
            "Measured here: one forward and backward pass of the untrained networks on {batch} {data} images of "
            "{size}×{size} pixels, seed {seed}, {device}, PyTorch {version}.",
            batch=flow.batch_size, data=self.words("digits"), size=flow.image_size, seed=flow.seed,
            device=flow.device_name, version=flow.versions["torch"],
        )  # fmt: skip


def _watch(jobs: list[Job] | None, started: float) -> None:
    """Say how long it has taken, and draw the page anew once both are there; ``None`` waits for the fork server."""
    words = state.resume()
    if cache.desk_is_warm() if jobs is None else all(job.finished for job in jobs):
        state.rerun()
    if jobs is None and time.monotonic() - started > LOOK_S / 2:
        cache.warm_desk()
    waited = f"{time.monotonic() - started:.0f}"
    st.caption(words("Measuring in a process of its own: {seconds} s", seconds=waited))
