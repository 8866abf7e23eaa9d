"""One block, drawn from the plan: its operators in their real order, and the shortcut beside them.

Any block can be drawn: one that keeps its shape, or the first of a stage, whose stride, projection and shared
pre-activation show there alone.
"""

from app.figures.palette import SHORTCUT
from app.figures.svg import element, label, path, picture
from app.text import Words
from resnet_core.plan import Body, Layer, Unit

WIDTH = 322
AXIS = 94  # x of the branch
SIDE = 256  # x of the shortcut,
GATED_SIDE = 232  # and where a gate stands beside it, which leaves room for no projection
GATE = 330  # x of the gate
GATED_WIDTH = 388
ROW = 31  # from one operator to the next
BOX = {"conv": (172, 26), "bn": (112, 21), "relu": (72, 21), "pad": (108, 24), "scale": (72, 21),
       "dropout": (108, 24), "sigmoid": (60, 21), "multiply": (86, 21)}  # fmt: skip
SIDE_BOX = 120
GATE_BOX = 104
SHORT = {"bn": "BN", "relu": "ReLU"}  # in the equation
EDGE = 4
LETTER = 6.4  # mean width of a letter of the equation


def block_drawing(unit: Unit, colour: str, words: Words, *, rows: int = 0) -> str:
    """The block as an SVG text. ``rows`` reserves height, so that two drawings side by side keep their places."""
    body = unit.body
    parts: list[str] = []
    y = 16.0
    width = GATED_WIDTH if body.gate else WIDTH
    aside = {"font_size": 12, "fill_opacity": 0.75, "text_anchor": "end"}
    parts.append(label(AXIS, y, f"x  ({_shape(body.in_shape)})", font_size=13, font_style="italic"))
    parts.append(label(width - EDGE, y, unit.name, **aside))
    last = y + 10

    def put(layer: Layer) -> None:
        nonlocal y, last
        y += ROW
        parts.append(_arrow(AXIS, last, y - BOX[layer.op][1] / 2, "currentColor"))
        parts.append(_operator(layer, AXIS, y, colour, words))
        last = y + BOX[layer.op][1] / 2

    for layer in body.entry:
        put(layer)
    fork = last + 5
    y += 6  # room for the fork
    for layer in body.branch:
        put(layer)
    if body.branch_product:
        put(body.branch_product)
    product_y = y
    if body.add:
        y += ROW
        parts.append(_arrow(AXIS, last, y - 11, "currentColor"))
        parts.append(_shortcut(body, fork, y, words))
        if body.gate:
            parts.append(_gate(body, fork, (fork + y) / 2, product_y, words))
        parts.append(element("circle", cx=AXIS, cy=y, r=11, fill="none", stroke=SHORTCUT, stroke_width=2.5))
        parts.append(label(AXIS, y, "+", font_size=18, font_weight="bold", fill=SHORTCUT))
        last = y + 11
    for layer in body.exit:
        put(layer)
    y += ROW
    parts.append(_arrow(AXIS, last, y - 10, "currentColor"))
    result = _result(body)
    middle = max(AXIS, EDGE + len(result) * LETTER / 2)  # a long one begins at the edge
    parts.append(label(middle, y, result, font_size=13, font_style="italic"))
    parts.append(label(width - EDGE, y, f"({_shape(body.out_shape)})", **aside))
    height = max(y + 14, 16.0 + 6 + ROW * (rows + 1) + 14)
    name = words(
        "Block {name}: {operators}", name=unit.name, operators=", ".join(_say(layer, words) for layer in body.layers)
    )
    return picture(
        width, height, parts, name, style=f"width:100%;max-width:{width * 1.15:.0f}px;max-height:350px;display:block"
    )


def _result(body: Body) -> str:
    """What the block puts out, in the symbols of arXiv:1512.03385, equation 2: F the branch, W_s a projection."""
    x = "x̂" if body.entry else "x"
    branch = f"g·F({x})" if body.branch_product else f"F({x})"
    if body.branch and body.branch[-1].op == "scale":
        branch = f"{body.branch[-1].value:.3g}·F({x})"
    result = f"{branch} + {_carried(body, x)}" if body.add else "F(x)"
    for layer in body.exit:
        result = f"{SHORT[layer.op]}({result})"
    if body.entry:
        activated = "x"
        for layer in body.entry:
            activated = f"{SHORT[layer.op]}({activated})"
        return f"{result},  x̂ = {activated}"
    return f"H(x) = {result}"


def _carried(body: Body, x: str) -> str:
    if body.shortcut_product:
        return f"(1−g)·{x}"
    if not body.shortcut:
        return x
    layer = body.shortcut[0]
    told = {"conv": f"Wₛ{x}", "pad": f"pad({x})", "scale": f"{layer.value:.3g}·{x}", "dropout": f"dropout({x})"}
    return told[layer.op]


def drawn_rows(unit: Unit) -> int:
    """How many rows the drawing of this block takes below its input."""
    body = unit.body
    return len(body.entry) + len(body.branch) + len(body.exit) + bool(body.branch_product) + bool(body.add)


def _shortcut(body: Body, fork: float, join: float, words: Words) -> str:
    """The path around the branch: the unbroken line is the identity, a box on it what is done to the signal."""
    side = GATED_SIDE if body.gate else SIDE
    layers = body.shortcut + ((body.shortcut_product,) if body.shortcut_product else ())
    line = path(f"M{AXIS},{fork} H{side - 10} Q{side},{fork} {side},{fork + 10} V{join - 10} "
                f"Q{side},{join} {side - 10},{join} H{AXIS + 13}", SHORTCUT, stroke_width=3.5)  # fmt: skip
    head = element("path", d=f"M{AXIS + 12},{join} l8,-5 v10 z", fill=SHORTCUT)
    middle = (fork + join) / 2
    if not layers:
        said = label(side + 12, middle, words("identity"), fill=SHORTCUT, font_size=12,
                     transform=f"rotate(90 {side + 12} {middle})")  # fmt: skip
        return line + head + said
    boxes = []
    for index, layer in enumerate(layers):
        y = middle + (index - (len(layers) - 1) / 2) * 30
        boxes.append(_operator(layer, side, y, SHORTCUT, words, width=SIDE_BOX))
    return line + head + "".join(boxes)


def _gate(body: Body, fork: float, product: float, branch_product: float, words: Words) -> str:
    """The gate g = sigmoid(W x + b) beside the shortcut, and thin arrows to what it multiplies."""
    convolution, sigmoid = product - 62, product - 30
    thin = {"stroke_width": 1.5, "stroke_dasharray": "3 3"}
    parts = [
        path(f"M{GATED_SIDE - 10},{fork} H{GATE} V{convolution - 13}", SHORTCUT, **thin),
        _operator(body.gate[0], GATE, convolution, SHORTCUT, words, width=GATE_BOX),
        path(f"M{GATE},{convolution + 13} V{sigmoid - 10}", SHORTCUT, **thin),
        _operator(body.gate[1], GATE, sigmoid, SHORTCUT, words),
        path(f"M{GATE},{sigmoid + 10} V{product} H{GATED_SIDE + 44}", SHORTCUT, **thin),
        label(GATE + 12, product, "g", font_style="italic", fill=SHORTCUT),
    ]
    if body.branch_product:
        parts.append(path(f"M{GATE},{product} V{branch_product} H{AXIS + 44}", SHORTCUT, **thin))
    return "".join(parts)


def _operator(layer: Layer, x: float, y: float, colour: str, words: Words, width: float = 0) -> str:
    own_width, height = BOX[layer.op]
    beside = layer.part in ("shortcut", "gate")
    width = min(width or own_width, own_width) if beside else own_width
    solid = layer.op == "conv" or beside
    box = element(
        "rect", x=x - width / 2, y=y - height / 2, width=width, height=height,
        rx=height / 2 if layer.op == "relu" else 5, stroke=colour, stroke_width=1.6,
        fill=colour if solid else "none",
        **({} if solid else {"stroke_dasharray": "4 2" if layer.op == "bn" else "none"}),
    )  # fmt: skip
    fill = "#fff" if solid else "currentColor"
    size = 11 if beside else 12
    return box + label(
        x, y + 0.5, _say(layer, words), fill=fill, font_size=size, font_weight="600" if layer.op == "conv" else "400"
    )


def _say(layer: Layer, words: Words) -> str:
    """The operator in the field's own notation, short enough for its box."""
    match layer.op:
        case "conv":
            groups = f", g={layer.groups}" if layer.groups > 1 else ""
            stride = f", /{layer.stride}" if layer.stride > 1 else ""
            size = f"{layer.kernel}×{layer.kernel}"
            return f"{size}, {layer.in_shape[0]}→{layer.out_shape[0]}{stride}{groups}"
        case "pad":
            return words("zero-pad") + (f", /{layer.stride}" if layer.stride > 1 else "")
        case "bn":
            return "BatchNorm"
        case "relu":
            return "ReLU"
        case "scale":
            return f"× {layer.value:g}"
        case "dropout":
            return f"{words('dropout')} {layer.value:g}"
        case "add":
            return "+"
        case "sigmoid":
            return "σ"
        case "multiply":
            return "× (1 − g)" if layer.part == "shortcut" else "× g"
        case _:
            return layer.op


def _shape(shape: tuple[int, int, int]) -> str:
    return "×".join(map(str, shape))


def _arrow(x: float, top: float, bottom: float, colour: str) -> str:
    return path(f"M{x},{top} V{bottom}", colour, stroke_width=1.5, stroke_opacity=0.6)
