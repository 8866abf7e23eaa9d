"""Train: up to four networks learn the same images from the same seed in the same order, side by side, live."""

import os
from collections.abc import Sequence

import streamlit as st

from app import cache, state
from app.components.plot import load_ahead
from app.components.race import RaceLink, live_figure, live_numbers
from app.figures import training
from app.figures.race import Racer, racers
from app.live import base_path, find
from app.news import Run
from app.slots import SLOT_NAMES
from app.text import Words
from app.text.naming import said
from app.text.sentences import fair_race, race_result
from app.views import blocks, frame, images, recipe, samples, stage
from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import N_, Refusal
from resnet_core.fields import field_table
from resnet_core.jobs.job import Job
from resnet_core.jobs.together import Together
from resnet_core.plan import plan
from resnet_core.probe.numerics import NumericsOptions
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.study import Subject
from resnet_core.train.facts import facts, fit, steps_per_epoch
from resnet_core.train.records import SIGNALS
from resnet_core.train.sets import ready

CURVES_HEIGHT = 470
MAPS_HEIGHT = 440
PROFILE_HEIGHT = 260
NUMERICS_S = 3.0  # that a click waits for a measurement which is still going on
UNMEASURED = {"precision": "float32", "memory_format": "channels_last"}


def show() -> None:
    """The page."""
    words = state.resume()
    frame.notices(words)
    runs = [run for run in find(state.experiment().run) if run.task == "train"]  # a kept study is shown by Runs
    race = racers(runs)
    running = any(not run.finished for run in runs)
    _controls(race, runs, running, words)
    if waiting := st.session_state.get("train.waiting"):
        images.fetching(waiting[1].images, lambda: _submit(*waiting), words)
    if race:
        _race(race, runs, words)
    else:
        _invitation(words)
    if not running:
        _measure_ahead()


def _controls(race: list[Racer], runs: Sequence[Run], running: bool, words: Words) -> None:
    """Buttons above, settings below; what was refused stands under both."""
    experiment = state.experiment()
    with st.container(key="player"):
        go, again, resume, live = st.columns([2, 2, 2, 8])
    go.button(words("Train"), type="primary", width="stretch", disabled=running, on_click=_start, key="train.go")
    again.button(
        words("Restart"), width="stretch", disabled=not race, on_click=_restart, args=(race,), key="train.again",
        help=words("The race on show once more, from the same seed."),
    )  # fmt: skip
    early = [run.id for run in runs if run.finished and run.status != "done"]
    resume.button(
        words("Continue"), width="stretch", disabled=not early or running, on_click=_resume, args=(early,),
        key="train.resume", help=words("What was stopped goes on from where it stands, to the same numbers."),
    )  # fmt: skip
    with live:
        link = _link(runs) if runs else None
        if link:
            names = {run_id: SLOT_NAMES[racer.slot] for racer in race for run_id in racer.ids}
            alive = [run.id for run in runs if not run.finished]
            live_numbers(
                training.player(words), link, key="race", slots={}, names=names, words=words, alive=alive, on_end=_ended
            )
        else:
            load_ahead()
    with st.container(key="settings"):
        recipe.show(words)
    for refusal in st.session_state.pop("train.refused", []):
        st.error(words.refusal(refusal))
    if experiment.run and not runs:
        st.info(words("The run of this link is not kept here any more. Train starts a new one."))


def _start() -> None:
    """Callback of Train: the networks on Explore and here, under the recipe."""
    current = state.experiment()
    try:
        plans = [
            (network.title, network.spec, current.train.with_(seed=current.train.seed + more))
            for network in current.racers.values()
            for more in range(current.seeds)
        ]
    except Refusal as refusal:  # the last seed there is, and one more
        st.session_state["train.refused"] = [refusal]
        return
    _submit(plans, current.train)


def _restart(race: list[Racer]) -> None:
    """Callback of Restart: what is on show, not what has been changed since."""
    for run in [run for racer in race for run in racer.runs]:
        if isinstance(run, Job):
            run.stop()
    plans = [
        (racer.name, racer.spec, TrainSpec(**run.args[1])) for racer in race for run in racer.runs
    ]  # fmt: skip
    _submit(plans, race[0].how)


def _submit(plans: list[tuple[str, ArchSpec, TrainSpec]], how: TrainSpec) -> None:
    """Check first, then start all, so that none starts alone. Images that are not here are fetched before."""
    beside = min(len(plans), cache.cores())
    try:
        _refuse_absent_device(how.device)
        for _, spec, train in plans:
            refuse_if_too_large(fit(spec, train.images), beside * train.batch_size)
            steps_per_epoch(train.images, train.batch_size)
    except Refusal as refusal:
        st.session_state["train.refused"] = [refusal]
        return
    if not ready(how.images):
        st.session_state["train.waiting"] = plans, how
        return
    threads = _threads(len(plans))
    numerics = _numerics([spec for _, spec, _ in plans], how, threads)
    with Together() as race:
        jobs = [cache.start_training(spec, train.with_(**numerics), name, threads, race) for name, spec, train in plans]
    state.show_run(".".join(job.id for job in jobs))


def _threads(count: int) -> int:
    """The cores are shared out between those that run side by side."""
    return max(1, (os.cpu_count() or 1) // min(count, cache.cores()))


def _numerics(specs: list[ArchSpec], how: TrainSpec, threads: int) -> dict[str, str]:
    """What ``auto`` comes to, the same for all: as measured while the page was looked at, or else a safe choice."""
    if "auto" not in (how.precision, how.memory_format):
        return {}
    job = _ask_numerics(specs, how, threads)
    if cache.desk_is_warm() and job.wait(NUMERICS_S) and job.records:
        return {"precision": job.records[0].precision, "memory_format": job.records[0].memory_format}
    job.stop()  # beside the race it would measure the race
    return {name: value for name, value in UNMEASURED.items() if getattr(how, name) == "auto"}


def _ask_numerics(specs: list[ArchSpec], how: TrainSpec, threads: int) -> Job:
    """The study of what ``auto`` comes to. A speed does not depend on the seed, so that all share one answer."""
    chosen = NumericsOptions(**{name: getattr(how, name) for name in field_table(NumericsOptions) if name != "seed"})
    return cache.ask("numerics", [Subject("", spec, place) for place, spec in enumerate(specs)], chosen, threads)


def _measure_ahead() -> None:
    """Measure the numerics while the visitor still reads, so that Train starts at once."""
    current = state.experiment()
    cache.warm_desk()
    samples.look_ahead(current.train.images)
    if "auto" in (current.train.precision, current.train.memory_format) and ready(current.train.images):
        specs = [network.spec for network in current.racers.values() for _ in range(current.seeds)]
        try:
            for spec in specs:
                refuse_if_too_large(fit(spec, current.train.images), current.train.batch_size)
        except Refusal:
            return  # Train will say so
        _ask_numerics(specs, current.train, _threads(len(specs)))


def _resume(early: list[str]) -> None:
    """Callback of Continue."""
    try:
        for run_id in early:
            cache.desk().resume(run_id)
    except Refusal as refusal:
        st.session_state["train.refused"] = [refusal]


def _ended() -> None:
    """The last run has ended: the page is run once more, for its buttons and its verdict."""


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


def _invitation(words: Words) -> None:
    """Before the first run: what will race, on what, and what to look at."""
    current = state.experiment()
    try:
        known = facts(current.train.images)
        plans = {slot: plan(fit(network.spec, current.train.images)) for slot, network in current.racers.items()}
    except Refusal as refusal:
        st.info(words.refusal(refusal))
        return
    st.markdown(
        words(
            "**Press Train.** {names} learn {train} images ({data}) and are tested on {test} others, from the same "
            "first weights and in the same order. The only difference is what you changed on Explore.",
            names="; ".join(
                f"{SLOT_NAMES[slot]} · {said(network.title, words)}" for slot, network in current.racers.items()
            ),
            data=images.title(current.train.images, words), train=f"{known.train:,}", test=f"{known.test:,}",
        )
    )  # fmt: skip
    st.caption(words(known.source))
    *places, watch = st.columns([5] * len(plans) + [6])
    blocks.show({slot: racer.ordinary_unit for slot, racer in plans.items()}, places, words)
    with watch:
        st.markdown(
            words(
                "**What to watch**\n\n"
                "- **Test accuracy**: how much of the {test} images that it has never learned a network gets right.\n"
                "- **Gradient by block and step**: how much of the error's gradient reaches the first blocks, not only "
                "the last ones.\n"
                "- **Pause, One step, Slow motion**: hold the race and look at one step, block by block.",
                test=f"{known.test:,}",
            )
        )  # fmt: skip


def _link(runs: Sequence[Run]) -> RaceLink:
    return RaceLink(base_path(), ".".join(run.id for run in runs), state.experiment().language)


def _race(race: list[Racer], runs: Sequence[Run], words: Words) -> None:
    link = _link(runs)
    ended = all(run.finished for run in runs)
    st.markdown(race_result({racer.slot: racer.result for racer in race}, words) if ended else _fair(race, words))
    left, right = st.columns([5, 7])
    with left:
        slots = {racer.slot: racer.ids for racer in race}
        live_numbers(training.race_strip(race, words), link, key="strip", slots=slots, names={}, words=words)
        live_figure(
            training.learning_curves(race, words), link, key="curves", height=CURVES_HEIGHT, words=words,
            label=words("Accuracy, loss and learning rate"),
        )  # fmt: skip
        samples.show(race, link, words)
    with right:
        st.fragment(_by_block)(race, link)
    if ended:
        stage.of_race(race, words)
        samples.confusions(race, words)
    live_numbers(
        '<p class="rx-evidence rx-source"></p>', link, key="evidence", slots={}, names={}, words=words
    )  # fmt: skip


def _fair(race: list[Racer], words: Words) -> str:
    networks = {racer.slot: racer.spec for racer in race}
    return fair_race(networks, race[0].how.seed, words)


def _by_block(race: list[Racer], link: RaceLink) -> None:
    """One value by block: over all steps, and at one of them."""
    words = state.resume()
    names = list(SIGNALS)
    signal = st.segmented_control(
        words("By block and step"), names, default=names[0], required=True, key="train.signal", width="stretch",
        format_func=lambda name: words(SIGNALS[name].title),
    )  # fmt: skip
    signal = signal or names[0]
    title = words(SIGNALS[signal].title)
    live_figure(
        training.heat_maps(race, signal, words), link, key="maps", height=MAPS_HEIGHT, words=words,
        label=words("{signal} at each block and step", signal=title),
    )  # fmt: skip
    live_figure(
        training.profile(race, signal, words), link, key="profile", height=PROFILE_HEIGHT, words=words,
        label=words("{signal} by block at one step", signal=title), slider=words("At step"),
    )  # fmt: skip
