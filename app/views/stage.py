"""The stage of Explore: A and B as rows of blocks, with what is measured of them, and what a hand on it changes."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app import changes, measured, state, weights
from app.asked import Asked
from app.components.stage import cuts, opened, stage, told
from app.figures.race import Racer
from app.figures.stage import scene
from app.link import TRAINED
from app.live import base_path
from app.slots import Slot
from app.text import Words
from app.text.naming import said
from resnet_core.cost.ledger import Ledger
from resnet_core.plan import plan
from resnet_core.probe.inside import InsideOptions
from resnet_core.train.facts import facts

KEY = "stage"
DRAWN = ("digits",)  # images of such a kind as a hand can draw
STUDIES = ("gradients", "inside", "readout")  # in the order in which they are measured: the quickest first


def show(ledgers: Mapping[Slot, Ledger], block: int, words: Words) -> str:
    """The stage; ``block`` is the open one. Returns the ticket of what is measured."""
    experiment = state.experiment()
    weighed, other = weights.chosen(*ledgers), weights.offered(*ledgers)
    asked = Asked.of(STUDIES, weighed.networks, weighed.options)
    options = next(one.options for one in asked.measurements if one.study.name == "inside")
    assert isinstance(options, InsideOptions)
    known = facts(options.images)
    question = " ".join(one.options.model_dump_json() for one in asked.measurements)
    along = {
        "ticket": measured.ticket(asked), "question": question, "base": base_path(), "language": words.language,
        "open": block,
        "image": options.image,
        "images": known.test,
        "drawn": {"side": known.size, "channels": known.channels} if options.data in DRAWN else None,
        "weights": {"now": TRAINED if weighed.trained else "", "offered": other is not None,
                    "recorded": bool(other and other.recorded)},
    }  # fmt: skip
    networks = {slot: experiment.network(slot) for slot in ledgers}
    drawn = scene(
        {slot: ledger.plan for slot, ledger in ledgers.items()},
        {slot: said(network.title, words) for slot, network in networks.items()},
        {slot: network.base for slot, network in networks.items()},
        along,
        words,
    )
    ticket = str(along["ticket"])
    stage(drawn, key=KEY, on_cut=_cut, on_open=_open, on_lost=_lost, on_weights=_weights)
    return ticket


def of_race(race: Sequence[Racer], words: Words) -> None:
    """The networks of a race that has ended with the weights that it left, to be played and read, not cut; nothing
    where a racer left none. Of several seeds, the first."""
    found = {racer.slot: left for racer in race if (left := weights.left_by(racer.ids[0]))}
    if len(found) < len(race):
        return
    options = next(iter(found.values())).options
    subjects = {
        slot: one.subject._replace(name=racer.name, place=place)
        for place, ((slot, one), racer) in enumerate(zip(found.items(), race, strict=True))
    }
    asked = Asked.of(STUDIES, subjects, options)
    known = facts(next(one.options for one in asked.measurements if one.study.name == "inside").images)  # type: ignore[attr-defined]
    along = {
        "ticket": measured.ticket(asked), "question": " ".join(racer.ids[0] for racer in race), "base": base_path(),
        "language": words.language, "open": 0, "image": 0, "images": known.test, "readonly": True,
        "drawn": {"side": known.size, "channels": known.channels} if options.get("data") in DRAWN else None,
    }  # fmt: skip
    drawn = scene(
        {slot: plan(subject.spec) for slot, subject in subjects.items()},
        {racer.slot: said(racer.name, words) for racer in race},
        {racer.slot: racer.ids[0] for racer in race},
        along,
        words,
    )
    st.markdown(f"**{words('Why: what the trained networks pass on')}**")
    stage(drawn, key=f"{KEY}.race", on_cut=_lost, on_open=_lost, on_lost=_lost, on_weights=_lost)


def _cut() -> None:
    changes.cut_shortcuts(cuts(KEY))


def _open() -> None:
    if (block := opened(KEY)) is not None:
        changes.open_block(block)


def _weights() -> None:
    if (name := told(KEY, "weights")) is not None:
        changes.use_weights(str(name))


def _lost() -> None:
    """The server has begun anew since the question was put down: this run puts it down again."""
