"""The only reader and writer of the link and of the session: hands out the experiment, takes changes to it.

The specification is the truth and the widgets are views of it: before each widget is drawn its value is set from the
experiment, and its callback asks for a change. A refused change leaves the last good network and a sentence beside the
widget that asked.
"""

import logging
from dataclasses import replace
from typing import Any, NamedTuple

import streamlit as st

from app import link
from app.link import Experiment, Network, Slot
from app.text import Words, nearest_language, words
from resnet_core.errors import Refusal
from resnet_core.fields import to_text
from resnet_core.spec import ArchSpec

log = logging.getLogger(__name__)


class Change(NamedTuple):
    """The last change that a visitor made: for the sentence that says what happened, and the numbers that light up."""

    slot: Slot
    before: ArchSpec
    after: ArchSpec
    number: int  # counts up, so that the same change twice is two changes


class Refused(NamedTuple):
    """What a visitor typed and why it could not be used."""

    typed: Any
    refusal: Refusal


def begin() -> Words:
    """Called first in every run of the entry script: adopt the link where the browser changed it, else write ours.

    A link that differs from the one written last comes from outside: a fresh visit, Back or Forward, an edited address.
    A page switch arrives with no parameters at all, which says nothing, so the experiment goes on.
    """
    incoming = dict(st.query_params.to_dict())
    if "experiment" not in st.session_state:
        start = Experiment(language=nearest_language(st.context.locale))
        _adopt(incoming, start)
    elif incoming and incoming != st.session_state.written:
        _adopt(incoming, experiment())
    publish()
    return words(experiment().language)


def _adopt(incoming: dict[str, str], start: Experiment) -> None:
    adopted, problems = link.read(incoming, start)
    st.session_state.experiment = adopted
    st.session_state.notices = problems
    st.session_state.refused = {}
    st.session_state.change = None
    for problem in problems:
        log.warning("link: %s", problem)


def publish() -> None:
    """Write the experiment into the link, if the link does not hold it already."""
    ours = link.write(experiment())
    if st.query_params.to_dict() != ours:
        st.query_params.from_dict(ours)
    st.session_state.written = ours


def experiment() -> Experiment:
    """The experiment on show."""
    current: Experiment = st.session_state.experiment
    return current


def current_words() -> Words:
    """The messages in the visitor's language."""
    return words(experiment().language)


def notices() -> list[Refusal]:
    """What had to be ignored in the link with which the visitor came."""
    found: list[Refusal] = st.session_state.notices
    return found


def last_change() -> Change | None:
    """The visitor's last change to a network."""
    change: Change | None = st.session_state.change
    return change


def refused(owner: str, name: str) -> Refused | None:
    """What was refused at the widget of a field; ``owner`` is a slot or ``train``."""
    found: Refused | None = st.session_state.refused.get((owner, name))
    return found


def prime(key: str, value: Any) -> None:
    """Set what a widget will show, before it is drawn. Written only where it differs, for a write costs a message."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def change_field(slot: Slot, name: str, key: str) -> None:
    """Callback of a field's widget."""
    network = experiment().network(slot)
    typed = st.session_state[key]
    _forget(slot)
    try:
        spec = network.spec.with_(**{name: typed})
    except Refusal as refusal:
        st.session_state.refused[slot, name] = Refused(typed, refusal)
        log.info("refused %s.%s=%s: %s", slot, name, to_text(typed), refusal)
        return
    _change(slot, network.changed(spec))


def change_preset(slot: Slot, key: str) -> None:
    """Callback of a network's select box."""
    _forget(slot)
    _change(slot, link.network(st.session_state[key]))


def copy_network(source: Slot, target: Slot) -> None:
    """Make ``target`` the same network as ``source``, as a start for changing one thing."""
    _forget(target)
    _change(target, experiment().network(source))


def change_train(name: str, key: str) -> None:
    """Callback of a widget of the training recipe."""
    current = experiment()
    typed = st.session_state[key]
    _forget("train")
    try:
        train = current.train.with_(**{name: typed})
    except Refusal as refusal:
        st.session_state.refused["train", name] = Refused(typed, refusal)
        return
    st.session_state.experiment = replace(current, train=train)
    publish()


def change_language(key: str) -> None:
    """Callback of the language switch."""
    st.session_state.experiment = replace(experiment(), language=st.session_state[key])
    publish()


def show_run(run: str) -> None:
    """Put a run on show: the link holds it from now on, so that a reload finds it again."""
    st.session_state.experiment = replace(experiment(), run=run)
    publish()


def _change(slot: Slot, network: Network) -> None:
    current = experiment()
    before = current.network(slot).spec
    st.session_state.experiment = current.with_network(slot, network)
    last = last_change()
    st.session_state.change = Change(slot, before, network.spec, last.number + 1 if last else 1)
    publish()


def _forget(owner: str) -> None:
    """A new attempt by the same owner makes its older refusals stale."""
    kept = {key: value for key, value in st.session_state.refused.items() if key[0] != owner}
    st.session_state.refused = kept
