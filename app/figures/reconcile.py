"""Other tools' totals taken apart, as a table of HTML, and each tool's own table."""

from collections.abc import Sequence
from html import escape

from app.figures.parts import Html, Listing, Names, Part, Records, Text
from app.slots import SLOT_NAMES
from app.text import Words
from resnet_core.errors import N_
from resnet_core.probe.counts import Count

COLUMNS = (N_("tool"), N_("its total"), N_("made of"), N_("leaves out"), N_("remainder"))


def drawing(records: Records, names: Names, words: Words) -> list[Part]:
    """For each network the formula's count, the totals closed against it, and the tools' own tables."""
    parts: list[Part] = []
    for slot, counts in records.items():
        told = words("**{slot} · {name}.** The formula: {macs} multiply-adds.",
                     slot=SLOT_NAMES[slot], name=names[slot], macs=f"{counts[0].macs:,}")  # fmt: skip
        parts += [Text(told), Html(reconciliation(counts, words))]
        for count in counts:
            title = words("{tool} {version}: its own table", tool=count.tool, version=count.version)
            parts.append(Listing(title, count.text, f"{names[slot]}-{count.tool}.txt"))
    return parts


def reconciliation(counts: Sequence[Count], words: Words) -> str:
    """A row a tool: its total, the terms that explain it, and what is left, in red where it is not 0."""
    head = "".join(f"<th>{escape(words(name))}</th>" for name in COLUMNS)
    rows = "".join(_row(count, words) for count in counts)
    return f'<div class="rx-reconcile"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(count: Count, words: Words) -> str:
    terms = "<br>".join(f"{amount:,} {escape(words(meaning))}" for meaning, amount in count.terms.items())
    style = "" if count.remainder == 0 else ' class="rx-wrong"'
    tool = escape(count.tool)
    return (
        f'<tr data-tool="{tool}"><td>{tool}</td><td data-total>{count.total:,}</td><td>{terms}</td>'
        f"<td>{escape(words(count.leaves_out))}</td><td data-remainder{style}>{count.remainder:,}</td></tr>"
    )
