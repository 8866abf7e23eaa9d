"""Other tools' totals taken apart, as a table of HTML."""

from collections.abc import Sequence
from html import escape

from app.text import Words
from resnet_core.cost.reconcile import Reconciled
from resnet_core.errors import N_

COLUMNS = (N_("tool"), N_("its total"), N_("made of"), N_("leaves out"), N_("remainder"))


def reconciliation(tools: Sequence[Reconciled], words: Words) -> str:
    """A row a tool: its total, the terms that explain it, and what is left, in red where it is not 0."""
    head = "".join(f"<th>{escape(words(name))}</th>" for name in COLUMNS)
    rows = "".join(_row(tool, words) for tool in tools)
    return f'<div class="rx-reconcile"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(tool: Reconciled, words: Words) -> str:
    terms = "<br>".join(f"{term.amount:,} {escape(words(term.meaning))}" for term in tool.terms)
    style = "" if tool.remainder == 0 else ' class="rx-wrong"'
    return (
        f'<tr data-tool="{tool.tool}"><td>{tool.tool}</td><td data-total>{tool.total:,}</td><td>{terms}</td>'
        f"<td>{escape(words(tool.leaves_out))}</td><td data-remainder{style}>{tool.remainder:,}</td></tr>"
    )
