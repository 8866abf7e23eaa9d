"""Training cost, and what of it fits into some memory, as tables of HTML."""

from collections.abc import Iterable, Mapping
from html import escape

from app.figures.numbers import readable
from app.figures.palette import SLOT_COLOURS
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.cost.ledger import Ledger
from resnet_core.cost.memory import Fits, InferenceMemory, TrainingMemory


def memory_table(
    ledgers: Mapping[Slot, Ledger],
    training: Mapping[Slot, TrainingMemory],
    inference: Mapping[Slot, InferenceMemory],
    words: Words,
) -> str:
    """Operations of one image, then memory of a mini-batch, a column a network."""
    operations = {
        words("forward, multiply-adds of one image"): [ledger.macs for ledger in ledgers.values()],
        words("backward"): [ledger.backward_macs for ledger in ledgers.values()],
        words("forward and backward"): [ledger.macs + ledger.backward_macs for ledger in ledgers.values()],
    }
    sight = {
        words("receptive field, pixels"): [f"{ledger.receptive_field:,}" for ledger in ledgers.values()],
        words("paths through the shortcuts"): [_power(ledger.additions) for ledger in ledgers.values()],
    }
    memory = {
        words("parameters and running statistics"): [needs.parameters for needs in training.values()],
        words("gradients of the parameters"): [needs.gradients for needs in training.values()],
        words("optimiser state"): [needs.optimizer for needs in training.values()],
        words("saved activations of the mini-batch"): [needs.saved_activations for needs in training.values()],
        words("peak of inference"): [needs.peak for needs in inference.values()],
        words("peak of training"): [needs.peak for needs in training.values()],
    }
    rows = [
        *(_row(title, [f"{value:,}" for value in values]) for title, values in operations.items()),
        *(_row(title, values) for title, values in sight.items()),
        *(_row(title, [readable(value, "B") for value in values]) for title, values in memory.items()),
    ]
    return _table("", ledgers, rows)


def fits_table(gigabytes: float, found: Mapping[Slot, Fits], words: Words) -> str:
    """The largest mini-batch of each network that fits, a column a network."""
    none = words("not one image")
    largest = {
        words("inference, images in a batch"): [fits.inference for fits in found.values()],
        words("training, images in a batch"): [fits.training for fits in found.values()],
    }
    rows = [_row(title, [f"{value:,}" if value else none for value in values]) for title, values in largest.items()]
    return _table(words("What fits in {gigabytes} GB", gigabytes=f"{gigabytes:g}"), found, rows)


def _table(title: str, slots: Iterable[Slot], rows: Iterable[str]) -> str:
    names = "".join(f'<th style="color:{SLOT_COLOURS[slot]}">{SLOT_NAMES[slot]}</th>' for slot in slots)
    head = f"<thead><tr><th>{escape(title)}</th>{names}</tr></thead>"
    return f'<div class="rx-memory"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'


def _row(title: str, values: list[str]) -> str:
    return f"<tr><td>{escape(title)}</td>{''.join(f'<td>{value}</td>' for value in values)}</tr>"


def _power(additions: int) -> str:
    """2^n in full while it is short."""
    return f"{2**additions:,}" if additions <= 20 else f"2<sup>{additions}</sup>"
