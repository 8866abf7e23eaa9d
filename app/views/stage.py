"""The stage of Explore: A and B as rows of blocks, with what is measured of them, and what a hand on it changes."""

from collections.abc import Mapping

from app import changes, measured, state, weights
from app.asked import Asked
from app.components.stage import cuts, opened, stage, told
from app.figures.stage import scene
from app.link import TRAINED
from app.live import base_path
from app.slots import Slot
from app.text import Words
from app.text.naming import said
from resnet_core.cost.ledger import Ledger
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
