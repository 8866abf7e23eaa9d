"""Train: A and B learn the same images from the same seed, side by side, live."""

import time

import streamlit as st

from app import cache, controls, state
from app.components.plot import plot
from app.figures.gradients import Figure, gradient_profile
from app.figures.training import COLUMNS, History, gradient_heat_maps, learning_curves, race_strip
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.text.sentences import race_result
from app.views import frame
from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import N_, Refusal
from resnet_core.jobs.job import Job
from resnet_core.jobs.stored import StoredRun
from resnet_core.train.facts import facts, fit

BEAT_S = 0.8  # between two looks at the records, for the large numbers and the time left
FIGURES_S = 2.2  # between two drawings of the figures: where the visitor sits at the machine that trains, both share it
CURVES_HEIGHT = 360
MAPS_HEIGHT = 480
PROFILE_HEIGHT = 300

Run = Job | StoredRun
STATUS = {
    "waiting": N_("waiting for a free place"),
    "running": N_("training"),
    "done": N_("finished"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
    "lost": N_("interrupted"),
}


def show() -> None:
    """The page."""
    words = state.resume()
    frame.notices(words)
    runs = _runs()
    running = any(not run.finished for run in runs.values())
    _player(runs, running, words)
    if runs:
        # The live part looks again every beat, but only while there is something to see.
        st.fragment(_live, run_every=BEAT_S if running else None)(running)
    else:
        _invitation(words)


def _runs() -> dict[Slot, Run]:
    """The runs that the link names, each as a live job or as its folder tells it."""
    named = state.experiment().run
    found = {slot: cache.desk().get(run) for slot, run in zip(SLOTS, named.split("."), strict=False) if run}
    return {slot: run for slot, run in found.items() if run is not None}


def _player(runs: dict[Slot, Run], running: bool, words: Words) -> None:
    train = state.experiment().train
    with st.container(key="player"):
        go, stop, epochs, seed, device, more = st.columns([2, 2, 2, 2, 3, 2], vertical_alignment="bottom")
    go.button(words("Train"), type="primary", width="stretch", disabled=running, on_click=_start, key="train.go")
    stop.button(words("Stop"), width="stretch", disabled=not running, on_click=_stop, args=(runs,), key="train.stop")
    for place, name in ((epochs, "epochs"), (seed, "seed"), (device, "device")):
        with place:
            controls.train_field(name, getattr(train, name), words)
    with more, st.popover(words("Recipe ..."), width="stretch", key="train.more", on_change="rerun") as folded:
        if folded.open:
            for name in ("batch_size", "learning_rate", "momentum", "weight_decay"):
                controls.train_field(name, getattr(train, name), words)
    for refusal in st.session_state.pop("train.refused", []):
        st.error(words.refusal(refusal))
    if state.experiment().run and not runs:
        st.info(words("The run of this link is not kept here any more. Train starts a new one."))


def _start() -> None:
    """Callback of Train: check first, then start both, so that neither starts alone."""
    current = state.experiment()
    try:
        _refuse_absent_device(current.train.device)
        for slot in SLOTS:
            refuse_if_too_large(fit(current.network(slot).spec, current.train.images), 2 * current.train.batch_size)
    except Refusal as refusal:
        st.session_state["train.refused"] = [refusal]
        return
    jobs = [
        cache.start_training(current.network(slot).spec, current.train, current.network(slot).title) for slot in SLOTS
    ]
    state.show_run(".".join(job.id for job in jobs))


def _refuse_absent_device(device: str) -> None:
    found = cache.devices()
    if device == "cpu" or not found.wait(10) or not found.records:
        return  # the CPU is always there; if the question went unanswered, the child will refuse by itself
    names = found.records[0].names
    if device not in names:
        raise Refusal(
            N_("{device} was asked for, but this machine has no such device; it has: {names}."),
            field="device", device=device, names=", ".join(names),
        )  # fmt: skip


def _stop(runs: dict[Slot, Run]) -> None:
    for run in runs.values():
        if isinstance(run, Job):
            run.stop()


def _invitation(words: Words) -> None:
    current = state.experiment()
    known = facts(current.train.images)
    st.markdown(
        words(
            "**Press Train.** A ({a}) and B ({b}) learn {train} handwritten digits and are tested on {test} others, "
            "from the same first weights and in the same order. The only difference is what you changed on Explore.",
            a=current.a.title, b=current.b.title, train=f"{known.train:,}", test=known.test,
        )
    )  # fmt: skip
    st.caption(words(known.source))


def _live(watching: bool) -> None:
    words = state.resume()
    runs = _runs()
    histories = {
        slot: History(run.label, run.header, [*run.records]) for slot, run in runs.items() if run.header is not None
    }
    _progress(runs, histories, words)
    ended = all(run.finished for run in runs.values())
    drawn = _drawn(histories, ended)
    left, right = st.columns([5, 7])
    with left:
        st.html(race_strip(histories, words))
        _figure(learning_curves(drawn, words), "curves", CURVES_HEIGHT, words("Test accuracy and loss"), words)
    with right:
        title = words("Gradient norm at each block and step")
        _figure(gradient_heat_maps(drawn, words), "maps", MAPS_HEIGHT, title, words)
    _profile(drawn, words)
    _evidence(runs, histories, words)
    if watching and ended:
        state.rerun()  # the whole page once more: the buttons change, and the beat ends


def _drawn(histories: dict[Slot, History], ended: bool) -> dict[Slot, History]:
    """What the figures show: the records of a moment ago, for equal data are not drawn again."""
    held = st.session_state.get("train.drawn")
    now, run = time.monotonic(), state.experiment().run
    if held is None or ended or held[0] != run or now - held[1] >= FIGURES_S:
        st.session_state["train.drawn"] = held = (run, now, histories)
    shown: dict[Slot, History] = held[2]
    return shown


def _progress(runs: dict[Slot, Run], histories: dict[Slot, History], words: Words) -> None:
    for slot, run in runs.items():
        if run.error:
            st.error(f"{SLOT_NAMES[slot]}: {words.refusal(run.error)}")
        if run.warning:
            st.warning(words.refusal(run.warning))
        if run.place:
            st.info(words("{slot} waits for a free place: number {place} in the queue.",
                          slot=SLOT_NAMES[slot], place=run.place))  # fmt: skip
    if all(run.finished for run in runs.values()):
        st.markdown(race_result({slot: (h.name, h.test_accuracy, h.progress) for slot, h in histories.items()}, words))
        return
    done = sum(history.progress for history in histories.values()) / max(1, len(runs))
    left = [history.time_left_s for history in histories.values()]
    waits = [seconds for seconds in left if seconds is not None]
    text = words("about {seconds} s left", seconds=f"{max(waits):.0f}") if waits else words("starting")
    st.progress(min(1.0, done), text=text)


def _profile(histories: dict[Slot, History], words: Words) -> None:
    """The gradient by block at one step, with a slider to go back."""
    last = max((len(history.records) for history in histories.values()), default=0)
    if last < 2:
        return
    following = st.session_state.get("train.step_follows", True)
    key = "train.step"
    if following or st.session_state.get(key, 1) > last:
        st.session_state[key] = last
    step = st.slider(words("Gradient by block at step"), 1, last, key=key, on_change=_hold, args=(last,))
    norms = {
        slot: history.records[min(step, len(history.records)) - 1].gradient_norms
        for slot, history in histories.items()
        if history.records
    }
    names = {slot: history.name for slot, history in histories.items()}
    title = words("Gradient norm by block at one step")
    _figure(gradient_profile(norms, names, words), "profile", PROFILE_HEIGHT, title, words)


def _hold(last: int) -> None:
    """Callback of the slider: stay at the chosen step; the right end follows the training again."""
    st.session_state["train.step_follows"] = st.session_state["train.step"] >= last


def _evidence(runs: dict[Slot, Run], histories: dict[Slot, History], words: Words) -> None:
    """Where every number on the page comes from."""
    if not histories:
        return
    header = next(iter(histories.values())).header
    known = facts(header.train["data"])
    status = " · ".join(f"{SLOT_NAMES[slot]}: {words(STATUS[run.status])}" for slot, run in runs.items())
    st.caption(
        words(
            "{status}. Measured here: {data}; {size}×{size} pixels, batches of {batch}, seed {seed}, {device}, "
            "{threads} thread for each network, PyTorch {version}. Heat maps show at most {columns} steps.",
            status=status, data=words(known.source).rstrip("."), size=header.fitted["image_size"],
            batch=header.train["batch_size"], seed=header.seed, device=header.device_name, threads=header.threads,
            version=header.versions["torch"], columns=COLUMNS,
        )
    )  # fmt: skip


def _figure(figure: Figure, key: str, height: int, label: str, words: Words) -> None:
    plot(figure, key=key, height=height, label=label, words=words)
