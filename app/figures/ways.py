"""Three ways of building one network, each as a small picture: gradient and readout by block. SVG text from records."""

import math
from collections.abc import Sequence

from app.figures.svg import element, label, path, picture
from app.text import Words

WIDTH, HEIGHT = 320, 118
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 16, 104
READ = "#7a52a8"  # what can be read; the gradient has the colour of the text


def way_drawing(
    gradient: Sequence[float],
    read: Sequence[float],
    read_after: Sequence[float],
    span: tuple[float, float],
    words: Words,
) -> str:
    """Gradient (logarithmic over ``span``, one for all three) and what can be read, before training and after."""
    low, high = (math.log10(value) for value in span)
    grad = [(math.log10(value) - low) / (high - low) if value > 0 else None for value in gradient]
    parts = [
        element("rect", x=LEFT, y=TOP, width=WIDTH - LEFT - RIGHT, height=BOTTOM - TOP, fill="none",
                stroke="currentColor", stroke_opacity=0.2),
        path(_line(read_after), READ, stroke_width=1.6, stroke_dasharray="2 3"),
        path(_line(read), READ, stroke_width=2.4),
        path(_line(grad), "currentColor", stroke_width=2.4),
        label(LEFT, 8, words("gradient"), text_anchor="start", font_size=11, font_weight="600"),
        label(WIDTH - RIGHT, 8, words("class read: first, after training (dotted)"), text_anchor="end", font_size=11,
              fill=READ),
        label(LEFT + 2, HEIGHT - 6, words("block 1"), text_anchor="start", font_size=10),
        label(WIDTH - RIGHT - 2, HEIGHT - 6, words("block {n}", n=len(gradient)), text_anchor="end", font_size=10),
    ]  # fmt: skip
    name = words("Gradient and class read by block, from the first to the last")
    return picture(WIDTH, HEIGHT, parts, name, style="display:block;width:100%;max-width:430px")


def span(*gradients: Sequence[float]) -> tuple[float, float]:
    """The smallest and the largest of all."""
    known = [value for values in gradients for value in values if value > 0 and math.isfinite(value)]
    return min(known), max(known)


def _line(shares: Sequence[float | None]) -> str:
    """A line from shares, 0 at the bottom and 1 at the top."""
    step = (WIDTH - LEFT - RIGHT) / max(1, len(shares) - 1)
    points = [
        f"{LEFT + step * place:.1f},{BOTTOM - (BOTTOM - TOP) * share:.1f}"
        for place, share in enumerate(shares) if share is not None
    ]  # fmt: skip
    return "M" + " L".join(points)
