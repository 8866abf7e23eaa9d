"""A against B: what differs, as tables. HTML text from records."""

from collections.abc import Iterable
from html import escape

from app.figures.numbers import percent, readable
from app.figures.palette import SLOT_COLOURS
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.text.naming import value_label
from app.text.operators import layer_name
from resnet_core.cost.difference import Difference, LayerGroup, Total
from resnet_core.errors import N_
from resnet_core.layer import Layer
from resnet_core.spec import ARCH_FIELDS

TOTALS = {
    "params": (N_("parameters"), ""),
    "macs": (N_("multiply-adds"), ""),
    "saved_bytes": (N_("saved activations"), "B"),
    "inference_bytes": (N_("memory of one inference"), "B"),
}


def totals_table(found: Difference, words: Words) -> str:
    """Each total of both networks and the difference."""
    return table(
        [words("one image"), *map(coloured, SLOTS), words("B minus A")],
        (_total(total, words) for total in found.totals),
    )


def fields_table(found: Difference, words: Words) -> str:
    """The fields of the specification that differ, with both values as their widgets show them."""
    rows = (
        [escape(words(ARCH_FIELDS[name].title)), *(escape(value_label(name, value, words)) for value in values)]
        for name, *values in found.fields
    )
    return table([words("field"), *map(coloured, SLOTS)], rows)


def layers_table(found: Difference, words: Words) -> str:
    """The layers on one side only, and those with another shape; alike layers of consecutive blocks in one line."""
    parts = (
        (words("only in A"), found.only_a),
        (words("only in B"), found.only_b),
        (words("in both, with another shape"), found.reshaped),
    )
    body = "".join(_part(title, groups, words) for title, groups in parts if groups)
    heads = "".join(f"<th>{head}</th>" for head in (escape(words("layers")), *map(coloured, SLOTS)))
    return f'<div class="rx-compare rx-layers"><table><thead><tr>{heads}</tr></thead>{body}</table></div>'


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of HTML cells, which the caller has escaped."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="rx-compare"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def coloured(slot: Slot) -> str:
    """A slot's letter in its colour, as HTML."""
    return f'<b style="color:{SLOT_COLOURS[slot]}">{SLOT_NAMES[slot]}</b>'


def _total(total: Total, words: Words) -> list[str]:
    title, unit = TOTALS[total.name]
    change = words("the same")
    if total.difference:
        sign = "+" if total.difference > 0 else "−"
        share = percent(abs(total.difference) / total.a) if total.a else ""
        change = f"{sign}{_amount(abs(total.difference), unit)} ({sign}{share})"
    cells = [f'<span title="{value:,}">{_amount(value, unit)}</span>' for value in (total.a, total.b)]
    return [escape(words(title)), *cells, f'<span title="{total.difference:+,}">{escape(change)}</span>']


def _amount(value: int, unit: str) -> str:
    """Counts to the last digit, bytes with a prefix."""
    return readable(value, unit) if unit else f"{value:,}"


def _part(title: str, groups: tuple[LayerGroup, ...], words: Words) -> str:
    layers = f"{sum(group.layers for group in groups):,}"
    rows = "".join(
        f"<tr><td>{escape(group.title)}{_times(group.layers)}</td>"
        f"<td>{_layer(group.a, words)}</td><td>{_layer(group.b, words)}</td></tr>"
        for group in groups
    )
    return f'<tbody><tr><th colspan="3">{escape(title)}: {layers}</th></tr>{rows}</tbody>'


def _times(count: int) -> str:
    return f' <span class="rx-count">{count}×</span>' if count > 1 else ""


def _layer(layer: Layer | None, words: Words) -> str:
    """A layer as ``convolution 3×3 /2 · 64×56×56 → 128×28×28``; a dash where it is absent."""
    if layer is None:
        return "–"
    shapes = ["×".join(map(str, shape)) for shape in (layer.in_shape, layer.out_shape)]
    return f"{escape(layer_name(layer, words))} · {' → '.join(dict.fromkeys(shapes))}"
