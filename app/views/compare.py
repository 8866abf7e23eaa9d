"""A against B: what differs in specification, layers and totals, and on request the time of each on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from app import cache, state
from app.components.plot import plot
from app.figures.compare import fields_table, layers_table, totals_table
from app.figures.roofline import GIGA, kinds_table, latency_table, peaks, roofline_chart
from app.link import Network
from app.slots import SLOTS, Slot
from app.text import Words
from resnet_core.cost.difference import difference
from resnet_core.cost.ledger import count
from resnet_core.jobs.job import Job
from resnet_core.probe.records import Kernels, Latency, Roofline
from resnet_core.recipe import TRAIN_FIELDS

BEAT_S = 0.3
BATCHES = (1, 8, 32, 128)
HEIGHT = 420


@dataclass
class Timing:
    """The measurements that a visitor asked for: first whole passes, then their layers, never both at once."""

    networks: Mapping[Slot, Network]
    seed: int
    device: str
    batch_size: int
    latency: Job
    roofline: Job | None = None

    def go_on(self) -> None:
        """Begin the second measurement when the first is there: side by side, they would disturb each other."""
        if self.roofline is None and self.latency.status == "done":
            specs = [network.spec for network in self.networks.values()]
            self.roofline = cache.start_roofline(specs, self.seed, self.device, self.batch_size)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.latency.finished and (
            self.latency.status != "done" or bool(self.roofline and self.roofline.finished)
        )


@st.fragment
def show() -> None:
    """The section, folded away; it is made only while it is open."""
    words = state.resume()
    with st.expander(
        words("A against B: what differs, and the time of each"), key="compare", on_change="rerun"
    ) as folded:
        if not folded.open:
            return
        networks = {slot: state.experiment().network(slot) for slot in SLOTS}
        _differences(networks, words)
        st.markdown(words("**The time of each.** Multiply-adds are a count, not a time. Measure both on this machine."))
        timing: Timing | None = st.session_state.get("compare.timing")
        waiting = timing is not None and not timing.finished
        _how(waiting, words)
        if timing:
            st.fragment(_times, run_every=BEAT_S if waiting else None)(timing, waiting)


def _differences(networks: Mapping[Slot, Network], words: Words) -> None:
    found = difference(count(networks["a"].spec), count(networks["b"].spec))
    if not found.fields:
        st.markdown(words("A and B are the same network. Change one thing above to see what differs."))
        return
    left, right = st.columns(2)
    left.html(fields_table(found, words))
    right.html(totals_table(found, words))
    if found.only_a or found.only_b or found.reshaped:
        st.html(layers_table(found, words))
    source = words(
        "From formulas, for one image in float32. Layers are compared by name; {alike} are alike in both networks.",
        alike=f"{found.alike:,}",
    )
    st.html(f'<div class="rx-source">{source}</div>')


def _how(waiting: bool, words: Words) -> None:
    """On how many images at once and where; then the button."""
    batch, device, go = st.columns([3, 3, 2], vertical_alignment="bottom")
    with batch:
        st.segmented_control(
            words("Batch size"), BATCHES, key="compare.batch", default=BATCHES[0], required=True, width="stretch"
        )
    with device:
        names = cache.device_names() or ("cpu",)
        st.segmented_control(
            words("Device"), names, key="compare.device", default=names[0], required=True, width="stretch",
            format_func=lambda name: words(TRAIN_FIELDS["device"].choices[name]),
        )  # fmt: skip
    go.button(words("Measure the time"), key="compare.measure", width="stretch", on_click=_measure, disabled=waiting)


def _measure() -> None:
    # The networks as they are now: a later change must not turn one network's answer into another's.
    experiment, session = state.experiment(), st.session_state
    networks = {slot: experiment.network(slot) for slot in SLOTS}
    seed, device, batch_size = experiment.train.seed, session["compare.device"], session["compare.batch"]
    job = cache.start_latency([network.spec for network in networks.values()], seed, device, batch_size)
    session["compare.timing"] = Timing(networks, seed, device, batch_size, job)


def _times(timing: Timing, waiting: bool) -> None:
    words = state.resume()
    timing.go_on()
    if any(timing.networks[slot].spec != state.experiment().network(slot).spec for slot in SLOTS):
        st.info(words("A or B has changed since this was measured. Measure again for the networks above."))
    names = {slot: network.title for slot, network in timing.networks.items()}
    latencies = [record for record in timing.latency.records if isinstance(record, Latency)]
    if len(latencies) == len(SLOTS):
        _passes(dict(zip(SLOTS, latencies, strict=True)), names, words)
    for record in timing.latency.records:
        if isinstance(record, Kernels):
            _lesson(record, words)
    rooflines: list[Roofline] = timing.roofline.records if timing.roofline else []
    if len(rooflines) == len(SLOTS):
        _layers(dict(zip(SLOTS, rooflines, strict=True)), names, words)
    for job in (timing.latency, timing.roofline):
        if job and job.finished and job.status != "done":
            st.error(words.refusal(job.error) if job.error else words("the measurement was stopped"))
    if not timing.finished:
        layers = words("Measuring each kind of layer in a process of its own ...")
        passes = words("Measuring passes of A and B in turn, in a process of its own: some seconds ...")
        st.caption(layers if latencies else passes)
    elif waiting:
        st.rerun()  # the section once more, which ends the beat


def _passes(times: Mapping[Slot, Latency], names: Mapping[Slot, str], words: Words) -> None:
    st.html(latency_table(times, names, words))
    source = words(
        "Measured here: forward passes of A and B in turn after a warm-up, batch size {batch}, inference mode, "
        "float32, untrained weights. {where} B / A is the ratio of the medians; its middle half is that of the pairs.",
        batch=times["a"].batch_size, where=_where(times["a"], words),
    )  # fmt: skip
    st.html(f'<div class="rx-source">{source}</div>')


def _lesson(kernels: Kernels, words: Words) -> None:
    pairs, fastest = kernels.ratios, kernels.fastest_ratio
    st.markdown(
        words(
            "**Cost is not time.** For one image, between {channels} channels on a {size}×{size} map, a 1×1 "
            "convolution has exactly 1/9 = 0.111 of the multiply-adds of a 3×3. Fastest against fastest, it took "
            "{fastest} of its time here, {factor} times what its multiply-adds suggest; in the median pair {median} "
            "(middle half {lower} to {upper}).",
            channels=kernels.channels, size=kernels.map_size, fastest=f"{fastest:.3f}", median=f"{pairs.median:.3f}",
            factor=f"{fastest * kernels.macs_3x3 / kernels.macs_1x1:.1f}", lower=f"{pairs.lower:.3f}",
            upper=f"{pairs.upper:.3f}",
        )
    )  # fmt: skip
    source = words("Measured here: {pairs} pairs in turn. {where}", pairs=pairs.repeats, where=_where(kernels, words))
    st.html(f'<div class="rx-source">{source}</div>')


def _layers(found: Mapping[Slot, Roofline], names: Mapping[Slot, str], words: Words) -> None:
    macs, moved = peaks(found)
    st.markdown(
        words(
            "**What each kind of layer achieves.** A layer with few multiply-adds for each byte waits for memory, "
            "under the slanted roof; one with many computes, under the level one. BatchNorm, ReLU and additions have "
            "no multiply-adds and still take time."
        )
    )
    plot(
        roofline_chart(found, names, words), key="roofline", height=HEIGHT, words=words,
        label=words("Achieved multiply-adds a second over multiply-adds per byte, for each kind of layer of A and B"),
    )  # fmt: skip
    st.html(kinds_table(found, words))
    source = words(
        "Measured here: each layer timed in its place in {a} passes of A and {b} of B, in turn, batch size {batch}; "
        "marks are medians, bars the middle half. {where} Roofs: {macs} GMAC/s in a product of 1024×1024 matrices, "
        "{moved} GB/s in a copy of 64 MiB; a layer whose data lie in a cache can be above the second. MACs and bytes "
        "(each input, weight and output once) are the ledger's.",
        a=found["a"].passes, b=found["b"].passes, batch=found["a"].batch_size, where=_where(found["a"], words),
        macs=f"{macs / GIGA:.3g}", moved=f"{moved / GIGA:.3g}",
    )  # fmt: skip
    st.html(f'<div class="rx-source">{source}</div>')


def _where(record: Latency | Kernels | Roofline, words: Words) -> str:
    """The machine, and what else it did meanwhile."""
    told = words(
        "{device}, threads: {threads}, PyTorch {version}, seed {seed}. Other processes kept {busy} of {cores} cores "
        "busy meanwhile.",
        device=record.device_name, threads=record.threads, version=record.versions["torch"], seed=record.seed,
        busy=f"{record.busy_cores:.1f}", cores=record.cores,
    )  # fmt: skip
    if record.busy_cores + record.threads > record.cores:
        told += f" <b>{words('That is too much for quiet times: trust the fastest more than the median.')}</b>"
    return told
