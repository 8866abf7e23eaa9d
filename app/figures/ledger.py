"""The ledger as a folding table of HTML: network, stages, alike blocks, operations; every level adds up."""

from collections.abc import Mapping, Sequence
from html import escape

from app.figures.numbers import readable
from app.slots import Slot
from app.text import Words
from app.text.operators import layer_name
from resnet_core.cost.convention import Convention
from resnet_core.cost.ledger import Ledger, Row
from resnet_core.cost.outline import Blocks, Section, Totals, outline, totals
from resnet_core.errors import N_

COLUMNS = (
    N_("operation"), N_("shapes"), N_("parameters"), N_("multiply-adds"), N_("counted operations"), N_("saved"),
    N_("read"), N_("written"),
)  # fmt: skip


def folding_ledger(ledger: Ledger, convention: Convention, words: Words, slot: Slot = "a") -> str:
    """The whole ledger; stages and blocks open on a click. Blocks say which they are, for who points at one."""
    places = {unit.name: f"{slot}.{number}" for number, unit in enumerate(ledger.plan.units, start=1)}
    everything = totals(ledger.rows, convention)
    head = "".join(f"<span>{escape(words(name))}</span>" for name in COLUMNS)
    sections = "".join(_section(section, convention, words, places) for section in outline(ledger, convention))
    whole = _line(words("the whole network"), "", everything)
    return (
        f'<div class="rx-ledger"><div class="rx-row rx-head">{head}</div>{sections}'
        f'<div class="rx-row rx-total" data-level="network">{whole}</div></div>'
    )


def block_rows(rows: Sequence[Row], words: Words) -> str:
    """The rows of one block, with their sums."""
    head = "".join(f"<th>{escape(words(name))}</th>" for name in COLUMNS[:4])
    lines = "".join(
        f"<tr><td>{escape(row.name.split('.', 2)[-1])} "
        f"<i>{escape(layer_name(row.layer, words, kind=row.kind))}</i></td>"
        f"<td>{_shape(row.layer.in_shape)} → {_shape(row.layer.out_shape)}</td>"
        f"<td>{row.params_formula or 0}</td><td>{row.macs_formula or 0}</td></tr>"
        for row in rows
    )
    sums = f"<td>{sum(row.params for row in rows):,}</td><td>{sum(row.macs for row in rows):,}</td>"
    total = f"<tr><td>{escape(words('the whole block'))}</td><td></td>{sums}</tr>"
    return f'<div class="rx-blockrows"><table><thead><tr>{head}</tr></thead><tbody>{lines}{total}</tbody></table></div>'


def _section(section: Section, convention: Convention, words: Words, places: Mapping[str, str]) -> str:
    title = {"stem": words("stem"), "head": words("head")}.get(section.name, section.name)
    inside = "".join(_blocks(blocks, convention, words, places) for blocks in section.blocks)
    line = _line(title, "", section.totals)
    return f'<details data-level="section"><summary class="rx-row">{line}</summary>{inside}</details>'


def _blocks(blocks: Blocks, convention: Convention, words: Words, places: Mapping[str, str]) -> str:
    rows = "".join(_operation(row, convention, words) for row in blocks.rows)
    if not blocks.first:
        return rows
    if blocks.number == 1:
        title, told = blocks.first, ""
    else:
        title = f"{blocks.first} … {blocks.last}"
        told = words("{count} alike; inside, one of them", count=blocks.number)
    line = _line(title, told, blocks.totals)
    where = f"{places[blocks.first]}-{places[blocks.last].split('.')[1]}"
    summary = f'<summary class="rx-row rx-block">{line}</summary>'
    return f'<details data-level="block" data-block="{where}">{summary}{rows}</details>'


def _operation(row: Row, convention: Convention, words: Words) -> str:
    layer = row.layer
    name = row.name.split(".", 2)[-1] if row.stage else row.name
    shapes = f"{_shape(layer.in_shape)} → {_shape(layer.out_shape)}"
    params = row.params_formula or "0"
    macs = row.macs_formula or "0"
    cells = (
        f"<span>{escape(name)} <i>{escape(layer_name(layer, words, kind=row.kind))}</i></span>",
        f"<span>{shapes}</span>", f"<span>{params}</span>", f"<span>{macs}</span>",
        f"<span>{convention.formula(row) or 0}</span>", *_sizes(row),
    )  # fmt: skip
    return f'<div class="rx-row rx-operation" data-level="operation">{"".join(cells)}</div>'


def _line(title: str, told: str, sums: Totals) -> str:
    numbers = "".join(f"<span>{value:,}</span>" for value in (sums.params, sums.macs, sums.operations))
    return f"<span>{escape(title)}</span><span>{escape(told)}</span>{numbers}{''.join(_sizes(sums))}"


def _sizes(costs: Row | Totals) -> Sequence[str]:
    return [
        f'<span title="{size:,} B">{readable(size, "B")}</span>'
        for size in (costs.saved_bytes, costs.read_bytes, costs.written_bytes)
    ]


def _shape(shape: tuple[int, int, int]) -> str:
    return "×".join(map(str, shape))
