"""The one section of a study: its options, the button, progress with cancel, failure with retry, its figure."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import cache, controls, explained, state
from app.asked import Ask, Asked
from app.figures.studies import draw
from app.slots import SLOTS
from app.text import Words
from app.views import parts, waiting
from resnet_core.errors import Refusal
from resnet_core.fields import SpecField, field_table
from resnet_core.studies import STUDIES
from resnet_core.study import Study

BEAT_S = 0.3
IN_A_ROW = 3


def section(key: str, asks: Sequence[Ask], words: Words, *, options: bool = True) -> None:
    """The options of the first study, a button for each question, and what was asked last."""
    study = STUDIES[asks[0].studies[0]]
    fields = _offered(study) if options else []
    asked = _asked(key)
    beats = asked is not None and not asked.finished
    told = tuple(fields)
    if len(fields) < IN_A_ROW:
        places = iter(st.columns([3] * len(fields) + [2 if fields else 1] * len(asks), vertical_alignment="bottom"))
    else:
        _rows(study, fields, words)
        fields, places = [], iter(st.columns(len(asks)))
    for row in fields:
        with next(places):
            _option(study, row, words)
    for number, ask in enumerate(asks):
        place = next(places).container(horizontal=True, wrap=False, gap="xsmall")
        place.button(
            ask.title, key=f"{key}.ask{number}", width="stretch", disabled=beats and options, on_click=begin,
            args=(key, ask),
        )  # fmt: skip
    if told:
        spec = state.experiment().options(study.name)
        with place:  # beside the last button
            explained.show(key, lambda: [explained.meaning(row, spec, words) for row in told], words)
    _refused(key, words)
    if asked:
        st.fragment(_answer, run_every=BEAT_S if beats else None)(key, beats)


def _offered(study: Study[Any]) -> list[SpecField]:
    """The options with a widget here: the seed is the experiment's, and has its own."""
    return [row for row in field_table(study.options).values() if row.name != "seed" and row.place != "hidden"]


def _rows(study: Study[Any], fields: Sequence[SpecField], words: Words) -> None:
    for place, row in zip(st.columns(len(fields), vertical_alignment="bottom"), fields, strict=True):
        with place:
            _option(study, row, words)


def _option(study: Study[Any], row: SpecField, words: Words) -> None:
    value = getattr(state.experiment().options(study.name), row.name)
    offered = (cache.device_names() or ("cpu",)) if row.name == "device" else ()
    controls.option_field(study.name, row, value, words, offered)


def _asked(key: str) -> Asked | None:
    found: Asked | None = st.session_state.get(f"{key}.asked")
    return found


def records(key: str) -> list[Any]:
    """All that has been found so far of what was asked last in a section."""
    asked = _asked(key)
    return [record for one in asked.measurements for record in one.found.records] if asked else []


def begin(key: str, ask: Ask) -> None:
    """Callback of a button: ask."""
    try:
        asked = Asked.of(ask.studies, ask.networks, ask.changes)
        asked.go_on()
    except Refusal as refusal:
        st.session_state[f"{key}.refused"] = refusal
        return
    st.session_state[f"{key}.asked"] = asked


def _again(key: str, asked: Asked) -> None:
    """Callback of a button: ask once more for what failed."""
    try:
        asked.current.begin()
    except Refusal as refusal:
        st.session_state[f"{key}.refused"] = refusal


def _refused(key: str, words: Words) -> None:
    """Say once why what was asked could not begin."""
    if refused := st.session_state.pop(f"{key}.refused", None):
        st.error(words.refusal(refused))


def _answer(key: str, beats: bool) -> None:
    words, asked = state.resume(), _asked(key)
    if asked is None:
        return
    try:
        asked.go_on()
    except Refusal as refusal:  # the next of several; it is tried again at the next look
        st.error(words.refusal(refusal))
    fresh = {slot: one.spec for slot, one in asked.networks.items() if not one.weights}
    if any(spec != state.experiment().network(slot).spec for slot, spec in fresh.items()):
        st.info(words("A network has changed since this was measured. Measure again for the networks above."))
    for measurement in asked.measurements:
        found = measurement.found
        if found.records and (measurement.done or not measurement.study.together):
            place = f"{key}.{measurement.study.name}"
            parts.show(draw(found, words, tuple(asked.networks) or SLOTS), place, words)
            if measurement.done:
                parts.take(found, place, words)
    if not asked.finished:
        progress(key, asked, words)
    problems(key, asked, words)
    if beats and asked.finished:
        state.rerun()  # the section once more, which ends the beat


def progress(key: str, asked: Asked, words: Words, *, narrow: bool = False) -> None:
    """How far it is, how long it will take, and the way out."""
    waiting.bar(key, [job for job in asked.current.jobs if not job.finished], words, asked.stop, narrow=narrow)


def problems(key: str, asked: Asked, words: Words) -> None:
    """What failed, in a sentence each, and the way to try again."""
    for letter, job in asked.failed:
        told = waiting.reason(job, words)
        say = st.error if job.error else st.info  # to cancel is no failure
        say(f"{letter}: {told}" if letter and len(asked.networks) > 1 else told)
    _refused(key, words)
    if asked.failed:
        st.button(words("Try again"), key=f"{key}.retry", on_click=_again, args=(key, asked))
