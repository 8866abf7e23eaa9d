"""The only reader and writer of the link and of the session: hands out the experiment, takes changes to it.

The specification is the truth and the widgets are views of it: before each widget is drawn its value is set from the
experiment, and its callback asks for a change. A refused change leaves the last good network and a sentence beside the
widget that asked.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar, cast

import streamlit as st

from app import link
from app.link import Experiment, Network
from app.slots import Slot
from app.text import LANGUAGES, Words, nearest_language, words
from resnet_core.errors import Refusal
from resnet_core.fields import Specification, to_text
from resnet_core.recipes import recipe, recipes
from resnet_core.spec import ArchSpec
from resnet_core.studies import STUDIES

log = logging.getLogger(__name__)
S = TypeVar("S", bound=Specification)
VERSION = ".v"  # between the name of a widget and the number of its key


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


def language() -> Words:
    """The messages for this run, known before the page is: the link's language if the browser brings a new link."""
    incoming = st.query_params.to_dict()
    if "experiment" in st.session_state and (st.session_state.touched or incoming == st.session_state.written):
        return words(experiment().language)
    known = experiment().language if "experiment" in st.session_state else nearest_language(st.context.locale)
    asked = incoming.get("lang", known)
    return words(asked if asked in LANGUAGES else known)


def begin(page: str) -> None:
    """Called first in every run of the entry script: adopt the link where the browser changed it.

    A link that differs from the one written last comes from outside: a first visit, Back or Forward, an edited address.
    There are four exceptions. A run that the page itself asked for brings nothing new. A run that answers a click
    carries the link as it was at the click, which may be older than the last one written. A switch of the page arrives
    without parameters, which says nothing, so the experiment goes on and is written again. And a bare address stays
    bare until something is changed, for every write adds an entry to the browser's history; Back to it finds what it
    showed.
    """
    session = st.session_state
    incoming = st.query_params.to_dict()
    first = "experiment" not in session
    switched = not first and session.page != page
    touched, own = session.pop("touched", False), session.pop("own", False)
    if first:
        session.bare, session.versions = {}, {}
        _adopt(incoming, Experiment(language=nearest_language(st.context.locale)))
    elif incoming != session.written and not touched and not own and not (switched and not incoming):
        _adopt(incoming, session.bare.get(page, experiment()) if not incoming else experiment())
    elif touched or switched:
        _publish()
    if first or switched:
        session.primed = set()
    session.page, session.touched = page, False
    if not incoming and not touched and not switched:
        session.bare[page] = experiment()


def resume() -> Words:
    """Called first in every run of a fragment: the messages, in the visitor's language."""
    if st.session_state.pop("touched", False):  # a click in this fragment led here, and the entry script does not run
        _publish()
    st.session_state.touched = False
    return words(experiment().language)


def rerun() -> None:
    """Run the whole page once more, by its own wish: something that it waited for has come."""
    st.session_state.own = True
    st.rerun()


def turn_to(page: st.Page) -> None:
    """Go on to another page with the experiment. Its link goes along, so that Back leads here in one step."""
    st.session_state.written = link.write(experiment())
    st.switch_page(page, query_params=st.session_state.written)


def _adopt(incoming: dict[str, str], start: Experiment) -> None:
    session = st.session_state
    session.experiment, session.notices = link.read(incoming, start)
    session.written = incoming
    session.refused, session.change = {}, None
    for problem in session.notices:
        log.warning("link: %s", problem)


def _publish() -> None:
    """Write the experiment into the link. Not in a callback: there, Streamlit sends it one click late."""
    st.session_state.written = link.write(experiment())
    if st.query_params.to_dict() != st.session_state.written:
        st.query_params.from_dict(st.session_state.written)


def experiment() -> Experiment:
    """The experiment on show."""
    current: Experiment = st.session_state.experiment
    return current


def notices() -> list[Refusal]:
    """What had to be ignored in the link with which the visitor came."""
    found: list[Refusal] = st.session_state.notices
    return found


def last_change() -> Change | None:
    """The visitor's last change to a network."""
    change: Change | None = st.session_state.change
    return change


def refused(owner: str, name: str) -> Refused | None:
    """What was refused at the widget of a field; ``owner`` is a slot, ``train`` or a study."""
    found: Refused | None = st.session_state.refused.get((owner, name))
    return found


def prime(name: str, value: Any) -> str:
    """Set what a widget will show, before it is drawn, and return its key. Written only where it differs.

    A widget whose value was changed by anything but itself is a new widget under a new key. The old one may still
    speak: a click elsewhere, made before the new value has reached the browser, brings the old value along, and
    Streamlit takes that for a change by the visitor; :func:`_is_on_show` knows better. On a page's first run the value
    is always written: a widget that the page before had too would show its default. Whoever draws the widget gives the
    value once more as its default: a browser that comes to draw it only after the run that wrote the value knows no
    other, and would tell its own.
    """
    session = st.session_state
    key = _key_of(name)
    if key in session and session[key] != value:
        session.versions[name] = session.versions.get(name, 0) + 1
        key = _key_of(name)
    if key not in session.primed or session.get(key) != value:
        session.primed.add(key)
        session[key] = value
    return key


def _key_of(name: str) -> str:
    version = st.session_state.versions.get(name)
    return f"{name}{VERSION}{version}" if version else name


def _is_on_show(key: str) -> bool:
    """Whether this is the widget that the visitor sees, or will in a moment, and not one whose place it has taken."""
    return key == _key_of(key.partition(VERSION)[0])


def change_field(owner: str, name: str, key: str) -> None:
    """Callback of a field's widget; ``owner`` is a slot, or a study whose option it is."""
    if not _is_on_show(key):
        return
    typed = st.session_state[key]
    if owner in STUDIES:
        if options := _with(owner, experiment().options(owner), name, typed):
            become(experiment().with_options(owner, options))
        return
    slot = cast(Slot, owner)
    network = experiment().network(slot)
    take_network(slot, lambda: network.changed(network.spec.with_(**{name: typed})), name, typed)


def take_network(slot: Slot, made: Callable[[], Network], name: str = "preset", typed: Any = None) -> None:
    """Put what is ``made`` into a slot; :func:`refused` tells under ``name`` why it could not be made."""
    forget(slot)
    try:
        changed = made()
    except Refusal as refusal:
        st.session_state.refused[slot, name] = Refused(typed, refusal)
        log.info("refused %s.%s=%s: %s", slot, name, to_text(typed), refusal)
    else:
        change_network(slot, changed)


def _with(owner: str, spec: S, name: str, typed: Any) -> S | None:
    """A specification with a field changed; None where that was refused, which :func:`refused` tells."""
    forget(owner)
    try:
        return spec.with_(**{name: typed})
    except Refusal as refusal:
        st.session_state.refused[owner, name] = Refused(typed, refusal)
        return None


def copy_network(source: Slot, target: Slot) -> None:
    """Make ``target`` the same network as ``source``, as a start for changing one thing."""
    take_network(target, lambda: experiment().network(source))


def change_train(name: str, key: str) -> None:
    """Callback of a widget of the training recipe."""
    if not _is_on_show(key):
        return
    if train := _with("train", experiment().train, name, st.session_state[key]):
        become(replace(experiment(), train=train))


def change_seeds(key: str) -> None:
    """Callback of the number of seeds."""
    if _is_on_show(key):
        become(replace(experiment(), seeds=st.session_state[key]))


def add_network(slot: Slot) -> None:
    """Put a network into C or D, as a start the same as A."""
    forget(slot)
    become(experiment().with_network(slot, experiment().a))


def remove_network(slot: Slot) -> None:
    """Take the network out of C or D."""
    forget(slot)
    become(experiment().with_network(slot, None))


def change_recipe(key: str) -> None:
    """Callback of the list of named recipes: all fields at once, but for the seed."""
    current = experiment()
    if _is_on_show(key) and st.session_state[key] in recipes():
        forget("train")
        become(replace(current, train=recipe(st.session_state[key]).with_(seed=current.train.seed)))


def use_archive(archive: str) -> None:
    """Learn the images of an archive that has been uploaded."""
    become(replace(experiment(), train=experiment().train.with_(data="own", archive=archive)))


def change_language(key: str) -> None:
    """Callback of the language switch."""
    if _is_on_show(key):
        become(replace(experiment(), language=st.session_state[key]))


def show_run(run: str) -> None:
    """Put a run on show: the link holds it from now on, so that a reload finds it again."""
    become(replace(experiment(), run=run))


def show_study(study: str) -> None:
    """Put a kept study on show, or none."""
    become(replace(experiment(), study=study))


def change_network(slot: Slot, network: Network) -> None:
    """Put another network into a slot, and remember what it was."""
    if network == experiment().network(slot):
        return  # a field that is left as it was: what was told of the change before it stays true
    before = experiment().network(slot).spec
    if network.spec != before:  # the same network, come to from another preset, is no change to tell
        number = st.session_state.change.number + 1 if st.session_state.change else 1
        st.session_state.change = Change(slot, before, network.spec, number)
    become(experiment().with_network(slot, network))


def become(changed: Experiment) -> None:
    """Take what a click has made of the experiment; the run that follows puts it into the link."""
    st.session_state.experiment = changed
    st.session_state.touched = True


def forget(owner: str) -> None:
    """A new attempt by the same owner makes its older refusals stale, and any attempt the notices about the link."""
    session = st.session_state
    session.notices, session.touched = [], True
    session.refused = {key: value for key, value in session.refused.items() if key[0] != owner}
