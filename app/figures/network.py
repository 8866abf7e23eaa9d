"""The whole network by stage: a bar for each block, as high as its map and as dark as its share of the work."""

from itertools import groupby

from app.figures.palette import SHORTCUT
from app.figures.svg import element, label, path, picture
from app.text import Words
from resnet_core.cost.ledger import Ledger, Row
from resnet_core.plan import Unit

HEIGHT = 158
BASE = 122  # y of the bars' feet
TALLEST = 84
SHORTEST = 20
STEP = 22  # from one block to the next
SHOWN = 24  # blocks of a stage that are drawn; longer stages are cut in the middle, and say so
ENDS = 60  # room for stem and head


def network_drawing(ledger: Ledger, colour: str, words: Words) -> str:
    """The network as an SVG text: stem, blocks with their shortcuts as arcs, head."""
    plan = ledger.plan
    macs = {key: sum(row.macs for row in rows) for key, rows in groupby(ledger.rows, key=_block_of)}
    heaviest = max(macs[unit.stage, unit.block] for unit in plan.units)
    tallest_map = plan.units[0].body.in_shape[1]
    parts: list[str] = []
    x = 6.0
    convs = [layer for layer in plan.stem.layers if layer.op == "conv"]
    times = f"{len(convs)} × " if len(convs) > 1 else ""
    kernel = convs[0].kernel
    parts.append(_end(x, words("stem"), f"{times}{kernel}×{kernel}, {plan.stem.out_shape[0]}"))
    x += ENDS
    for _, of_stage in groupby(plan.units, key=lambda unit: unit.stage):
        units = list(of_stage)
        start = x
        for unit in _shown(units):
            if unit is None:
                parts.append(label(x + STEP, BASE - 30, f"··· {len(units) - SHOWN + 1} ···", font_size=11))
                x += 2 * STEP + 16
                continue
            size = unit.body.out_shape[1]
            height = SHORTEST + (TALLEST - SHORTEST) * size / max(tallest_map, 1)
            share = macs[unit.stage, unit.block] / ledger.macs
            shade = 0.25 + 0.75 * macs[unit.stage, unit.block] / heaviest
            parts.append(_bar(unit, x, height, shade, colour, share, words))
            if unit.body.addition:
                parts.append(_arc(x, height, bool(unit.body.part("shortcut"))))
            x += STEP
        c, h, w = units[-1].body.out_shape
        middle = (start + x - STEP + 14) / 2
        parts.append(label(middle, BASE + 12, f"{len(units)} ×", font_size=11, font_weight="600"))
        parts.append(label(middle, BASE + 26, f"{c}×{h}×{w}", font_size=10.5, fill_opacity=0.75))
        x += 16
    parts.append(_end(x, words("head"), f"{plan.head.out_shape[0]:,}", words("classes")))
    width = x + ENDS
    name = words("Network of {depth} weight layers in {blocks} blocks", depth=ledger.depth, blocks=len(plan.units))
    # A long network keeps its bars readable and scrolls in its own place.
    return picture(width, HEIGHT, parts, name, style=f"display:block;width:100%;min-width:{min(width, 560):.0f}px;"
                   f"max-width:{width * 1.4:.0f}px")  # fmt: skip


def _block_of(row: Row) -> tuple[int, int]:
    return row.stage, row.block


def _shown(units: list[Unit]) -> list[Unit | None]:
    """All blocks of a stage; of a very long one the first and the last, with a gap between."""
    if len(units) <= SHOWN:
        return list(units)
    half = SHOWN // 2
    return [*units[:half], None, *units[-half + 1 :]]


def _bar(unit: Unit, x: float, height: float, shade: float, colour: str, share: float, words: Words) -> str:
    told = words(
        "{name}: {before} to {after}, {share} of the multiply-adds",
        name=unit.name,
        before="×".join(map(str, unit.body.in_shape)),
        after="×".join(map(str, unit.body.out_shape)),
        share=f"{share:.1%}",
    )
    rect = element("rect", x=x, y=BASE - height, width=14, height=height, rx=3, fill=colour, fill_opacity=shade,
                   stroke=colour, stroke_width=1)  # fmt: skip
    return element("g", element("title", told) + rect)


def _arc(x: float, height: float, changes_shape: bool) -> str:
    top = BASE - height
    dash = {"stroke_dasharray": "3 2"} if changes_shape else {}
    return path(f"M{x - 4},{top - 1} C{x - 2},{top - 17} {x + 16},{top - 17} {x + 18},{top - 1}", SHORTCUT, **dash)


def _end(x: float, name: str, *details: str) -> str:
    box = element("rect", x=x, y=BASE - 58, width=46, height=58, rx=4, fill="none", stroke="currentColor",
                  stroke_opacity=0.5)  # fmt: skip
    top = BASE - 29 - 8.5 * len(details)
    lines = (label(x + 23, top + 17 * row, detail, font_size=9.5) for row, detail in enumerate(details, start=1))
    return box + label(x + 23, top, name, font_size=11) + "".join(lines)
