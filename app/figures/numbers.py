"""The strip of large numbers: what A costs, what B costs, and the difference. HTML text from records."""

from collections.abc import Callable, Collection, Mapping
from html import escape
from typing import NamedTuple

from app.figures.palette import SLOT_COLOURS
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.cost.ledger import Ledger


class Metric(NamedTuple):
    """One quantity of both networks; ``source`` says where the numbers come from."""

    name: str
    title: str
    source: str
    values: dict[Slot, int]
    unit: str = ""
    exact: bool = False  # in full, however long

    def say(self, value: int) -> str:
        """The value as the strip shows it."""
        return f"{value:,}" if self.exact else readable(value, self.unit)


def metrics_of(ledgers: Mapping[Slot, Ledger], words: Words) -> list[Metric]:
    """The four quantities of the first screen. ``ledgers``: slot -> ledger."""
    formula = words("from a formula over the layers")
    for_macs = words("for one image, convolutions and the last layer; from a formula")
    for_saved = words("kept for backward, one image, float32; from a formula")
    for_depth = words("counted as in the papers: without projections")

    def of(quantity: Callable[[Ledger], int]) -> dict[Slot, int]:
        return {slot: quantity(ledger) for slot, ledger in ledgers.items()}

    return [
        Metric("params", words("Parameters"), formula, of(lambda ledger: ledger.params), exact=True),
        Metric("macs", words("Multiply-adds (MACs)"), for_macs, of(lambda ledger: ledger.macs)),
        Metric("saved", words("Saved activations"), for_saved, of(lambda ledger: ledger.saved_bytes), "B"),
        Metric("depth", words("Depth in weight layers"), for_depth, of(lambda ledger: ledger.depth)),
    ]


def numbers_strip(metrics: list[Metric], changed: Collection[tuple[str, Slot]], words: Words) -> str:
    """The strip as HTML: a quantity each, once where A and B are equal.

    ``changed`` holds the (metric, slot) whose number has just changed and lights up.
    """
    differ = any(len(set(metric.values.values())) > 1 for metric in metrics)
    told = "" if differ else words("A and B are equal")
    cells = "".join(_cell(metric, changed) for metric in metrics)
    return f'<div class="rx-numbers">{cells}<span class="rx-source">{escape(told)}</span></div>'


def _cell(metric: Metric, changed: Collection[tuple[str, Slot]]) -> str:
    equal = len(set(metric.values.values())) == 1
    numbers = "".join(
        f'<span class="rx-number{" rx-hidden" if equal and slot != "a" else ""}">'
        f'<b style="color:{SLOT_COLOURS[slot]}"{" hidden" if equal else ""}>{SLOT_NAMES[slot]}</b> '
        f'<span data-metric="{metric.name}" data-slot="{slot}" data-value="{value}" '
        f'class="{"rx-changed" if (metric.name, slot) in changed else ""}">{escape(metric.say(value))}</span>'
        "</span>"
        for slot, value in metric.values.items()
    )
    return (
        f'<section class="rx-quantity"><h3>{escape(metric.title)}</h3><p>{numbers} '
        f'<small data-metric="{metric.name}" data-slot="difference">{escape(difference(metric))}</small></p></section>'
    )


def difference(metric: Metric) -> str:
    """B against A: nothing where they are equal, else the difference in percent."""
    a, b = metric.values["a"], metric.values["b"]
    if a == b:
        return ""
    sign = "+" if b > a else "−"
    return f"{sign}{percent(abs(b - a) / a)}" if a else f"{sign}{metric.say(abs(b - a))}"


def percent(share: float) -> str:
    """A share in percent: one decimal, or two significant digits where that would say 0.0%."""
    return f"{share:.1%}" if share >= 0.001 else f"{100 * share:.2g}%"


def readable(value: int, unit: str = "") -> str:
    """Exact up to seven digits (``853,018``), then four significant ones with a prefix (``125.5 M``, ``4.089 G``)."""
    larger = ((10**18, "E"), (10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"))
    for size, prefix in (*larger, *(((10**3, "k"),) if unit else ())):
        if value >= size and (unit or value >= 10**7):
            return f"{value / size:.4g} {prefix}{unit}"
    return f"{value:,}{unit and ' ' + unit}"
