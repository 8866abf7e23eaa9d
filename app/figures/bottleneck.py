"""The bottleneck's arithmetic as three cards of HTML, each sum written out."""

from html import escape

from app.text import Words
from resnet_core.cost.bottleneck import Comparison, Conv, Design
from resnet_core.errors import N_

COLUMNS = (N_("layer"), N_("shorthand"), N_("true weights"))


def design_cards(comparison: Comparison, words: Words) -> str:
    """The three designs side by side: layers with their sums, the shorthand, the true weights, the multiply-adds."""
    narrow, wide = comparison.narrow.convs[0].inputs, comparison.wide.convs[0].inputs
    titles = (
        words("Two 3×3 on {channels} channels", channels=narrow),
        words("Bottleneck on {channels} channels", channels=wide),
        words("Two 3×3 on {channels} channels", channels=wide),
    )
    most = max(design.weights for design in comparison)
    cards = (_card(title, design, most, words) for title, design in zip(titles, comparison, strict=True))
    return f'<div class="rx-designs">{"".join(cards)}</div>'


def _card(title: str, design: Design, most: int, words: Words) -> str:
    size = design.map_size
    rows = "".join(
        f"<tr><td>{_shape(conv)}</td><td>{_shorthand(conv)}</td><td>{_weights(conv)}</td></tr>" for conv in design.convs
    )
    heads = "".join(f"<th>{escape(words(head))}</th>" for head in COLUMNS)
    on_map = escape(words("multiply-adds on a {size}×{size} map", size=size))
    return (
        f'<section class="rx-card"><h3>{escape(title)}</h3><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody><tfoot><tr><td>{escape(words('together'))}</td>"
        f"<td><b data-shorthand>{design.shorthand:,}</b></td><td><b data-weights>{design.weights:,}</b></td></tr>"
        f'</tfoot></table><div class="rx-bar" style="width:{max(1.0, 100 * design.weights / most):.1f}%"></div>'
        f"<p>{on_map}: <span data-macs>{design.macs:,}</span></p></section>"
    )


def _shape(conv: Conv) -> str:
    return f"{conv.kernel}×{conv.kernel}, {conv.inputs}→{conv.outputs}"


def _shorthand(conv: Conv) -> str:
    return f"{conv.kernel}·{conv.kernel}·{conv.outputs} = {conv.shorthand:,}"


def _weights(conv: Conv) -> str:
    return f"{conv.kernel}·{conv.kernel}·{conv.inputs}·{conv.outputs} = {conv.weights:,}"
