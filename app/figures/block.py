"""One block, drawn from the plan: its operators in their real order, each wire from what a layer says it reads.

Any block can be drawn: one that keeps its shape, or the first of a stage, whose stride, projection and shared
pre-activation show there alone.
"""

from typing import NamedTuple

from app.figures.palette import SHORTCUT
from app.figures.svg import element, label, path, picture
from app.text import Words
from resnet_core.body import Body
from resnet_core.equation import equation
from resnet_core.layer import INPUT, Layer, Part
from resnet_core.operators import OPERATORS
from resnet_core.plan import Unit

AXIS = 94  # x of the branch
SIDE = 256  # x of the first column beside it,
COLUMN = 118  # and from there to the next
WIDTH = 322  # of a picture without gate and attention
ROW = 31  # from one operator to the next
FORK = 5  # from an operator to the place where its wire divides
EDGE = 4
LETTER = 7  # mean width of a letter of the equation
TALL = 26, 21  # of a box that holds weights, and of any other
BESIDE = 112  # widest box beside the branch
THIN = {"stroke_width": 1.5, "stroke_dasharray": "3 3"}


class Place(NamedTuple):
    """Where an operator stands: the middle of its box, and half its size."""

    x: float
    y: float
    half_width: float
    half_height: float

    @property
    def top(self) -> float:
        """Where a wire comes in."""
        return self.y - self.half_height

    @property
    def bottom(self) -> float:
        """Where a wire goes out."""
        return self.y + self.half_height


def block_drawing(unit: Unit, colour: str, words: Words, *, rows: int = 0) -> str:
    """The block as an SVG text. ``rows`` reserves height, so that two drawings side by side keep their places."""
    body = unit.body
    places = _places(body, words)
    width = WIDTH + COLUMN * (_columns(body) - 2) if _columns(body) > 2 else WIDTH
    aside = {"font_size": 12, "fill_opacity": 0.75, "text_anchor": "end"}
    parts = [
        label(AXIS, places[INPUT].y, f"x  ({_shape(body.in_shape)})", font_size=13, font_style="italic"),
        label(width - EDGE, places[INPUT].y, unit.name, **aside),
    ]
    parts += [_wire(layer, read, body, places) for layer in body.layers for read in layer.inputs]
    parts += [_operator(layer, places[layer.name], colour, words) for layer in body.layers]
    if body.addition and not body.part("shortcut"):
        x, y = _column(body, "shortcut") + 12, _middle(body, places)
        parts.append(
            label(x, y, words("identity"), fill=SHORTCUT, font_size=12, transform=f"rotate(90 {x} {y})")
        )  # fmt: skip
    last = places[body.layers[-1].name]
    y = last.y + ROW
    parts.append(path(f"M{AXIS},{last.bottom} V{y - 10}", "currentColor", stroke_width=1.5, stroke_opacity=0.6))
    result = equation(body)
    middle = max(AXIS, EDGE + len(result) * LETTER / 2)  # a long one begins at the edge
    parts.append(label(middle, y, result, font_size=13, font_style="italic"))
    parts.append(label(width - EDGE, y, f"({_shape(body.out_shape)})", **aside))
    height = max(y + 14, places[INPUT].y + 6 + ROW * (rows + 1) + 14)
    name = words(
        "Block {name}: {operators}", name=unit.name, operators=", ".join(_say(layer, words) for layer in body.layers)
    )
    return picture(
        width, height, parts, name, style=f"width:100%;max-width:{width * 1.15:.0f}px;max-height:350px;display:block"
    )


def drawn_rows(unit: Unit) -> int:
    """How many rows the drawing of this block takes below its input."""
    return len(unit.body.layers) - len(unit.body.part("shortcut", "gate"))


def _columns(body: Body) -> int:
    """The branch and, right of it, attention, shortcut and gate, as far as they are there."""
    return 1 + bool(body.part("attention")) + bool(body.addition) + bool(body.part("gate"))


def _column(body: Body, part: Part) -> float:
    """x of a part's column."""
    beside: tuple[Part, ...] = ("attention", "shortcut", "gate")
    there = [name for name in beside if body.part(name) or (name == "shortcut" and body.addition)]
    return SIDE + COLUMN * there.index(part) if part in there else AXIS


def _places(body: Body, words: Words) -> dict[str, Place]:
    """Operators in rows, from top to bottom; shortcut and gate in the middle of what they pass by."""
    y = 16.0
    places = {INPUT: Place(AXIS, y, 0, 10)}
    readers = [read for layer in body.layers for read in layer.inputs]
    divided = {read for read in readers if readers.count(read) > 1}
    for layer in body.layers:
        if layer.part in ("shortcut", "gate"):
            continue
        y += ROW + (6 if divided & set(layer.inputs) and layer.op not in ("add", "multiply") else 0)
        beside = layer.part == "attention" and layer.op != "multiply"
        places[layer.name] = _place(layer, _column(body, "attention") if beside else AXIS, y, words)
    for part in ("shortcut", "gate"):
        layers = body.part(part)
        start = _middle(body, places) - (len(layers) - 1) * 15 - (46 if part == "gate" else 0) if layers else 0.0
        for number, layer in enumerate(layers):
            places[layer.name] = _place(layer, _column(body, part), start + 30 * number, words)
    return places


def _place(layer: Layer, x: float, y: float, words: Words) -> Place:
    if layer.op == "add":
        return Place(x, y, 11, 11)
    text = _say(layer, words)
    width = 172.0 if layer.op == "conv" else max(60.0, 14 + 6.6 * len(text))
    if x != AXIS:
        width = min(width, BESIDE)
    return Place(x, y, width / 2, (TALL[0] if layer.op == "conv" else TALL[1]) / 2)


def _middle(body: Body, places: dict[str, Place]) -> float:
    """Half way between the fork and the sum."""
    assert body.addition is not None
    fork = next((layer.name for layer in reversed(body.part("entry"))), INPUT)
    return (places[fork].bottom + FORK + places["add"].y) / 2


def _wire(layer: Layer, read: str, body: Body, places: dict[str, Place]) -> str:
    """From what a layer reads to the layer: straight down, out to a column, back from it, or around the branch."""
    start, end = places[read], places[layer.name]
    fork = start.bottom + FORK
    passes_by = layer.op == "add" and start.x == end.x and read == layer.inputs[-1]
    if passes_by:  # the identity: nothing stands on it
        return _around(fork, end, _column(body, "shortcut"))
    if layer.part == "add" and start.x != end.x:
        return _join(start, end)
    if layer.part == "shortcut" and start.x == AXIS:
        x = end.x
        d = f"M{AXIS},{fork} H{x - 10} Q{x},{fork} {x},{fork + 10} V{end.top}"
        return path(d, SHORTCUT, stroke_width=3.5)
    if start.x == end.x:
        own = layer.part in ("shortcut", "gate")
        d = f"M{start.x},{start.bottom} V{end.top}"
        if own:
            return path(d, SHORTCUT, stroke_width=3.5 if layer.part == "shortcut" else 1.5)
        return path(d, "currentColor", stroke_width=1.5, stroke_opacity=0.6)
    colour = "currentColor" if layer.part == "attention" else SHORTCUT
    if start.x < end.x:  # out to a gate or an attention
        return path(f"M{start.x},{fork} H{end.x} V{end.top}", colour, **THIN)
    return path(f"M{start.x},{start.bottom} V{end.y} H{end.x + end.half_width}", colour, **THIN)


def _around(fork: float, end: Place, x: float) -> str:
    line = path(f"M{AXIS},{fork} H{x - 10} Q{x},{fork} {x},{fork + 10} V{end.y - 10} "
                f"Q{x},{end.y} {x - 10},{end.y} H{end.x + 13}", SHORTCUT, stroke_width=3.5)  # fmt: skip
    return line + _arrowhead(end)


def _join(start: Place, end: Place) -> str:
    x = start.x
    line = path(f"M{x},{start.bottom} V{end.y - 10} Q{x},{end.y} {x - 10},{end.y} H{end.x + 13}", SHORTCUT,
                stroke_width=3.5)  # fmt: skip
    return line + _arrowhead(end)


def _arrowhead(end: Place) -> str:
    return element("path", d=f"M{end.x + 12},{end.y} l8,-5 v10 z", fill=SHORTCUT)


def _operator(layer: Layer, place: Place, colour: str, words: Words) -> str:
    x, y, half_width, half_height = place
    if layer.op == "add":
        circle = element("circle", cx=x, cy=y, r=half_height, fill="none", stroke=SHORTCUT, stroke_width=2.5)
        return circle + label(x, y, "+", font_size=18, font_weight="bold", fill=SHORTCUT)
    beside = layer.part in ("shortcut", "gate")
    own = SHORTCUT if beside else colour
    solid = layer.op == "conv" or beside
    norm = OPERATORS[layer.op].group == "norm"
    box = element(
        "rect", x=x - half_width, y=y - half_height, width=2 * half_width, height=2 * half_height,
        rx=half_height if layer.op == "relu" else 5, stroke=own, stroke_width=1.6, fill=own if solid else "none",
        **({} if solid else {"stroke_dasharray": "4 2" if norm else "none"}),
    )  # fmt: skip
    return box + label(
        x, y + 0.5, _say(layer, words), fill="#fff" if solid else "currentColor",
        font_size=12 if x == AXIS else 11, font_weight="600" if layer.op == "conv" else "400",
    )  # fmt: skip


def _say(layer: Layer, words: Words) -> str:
    """The operator in the field's own notation, short enough for its box."""
    word, notation = OPERATORS[layer.op].label(layer)
    return (words(word) if word else "") + notation


def _shape(shape: tuple[int, int, int]) -> str:
    return "×".join(map(str, shape))
