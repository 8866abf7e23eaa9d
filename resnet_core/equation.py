"""What a block computes, in the symbols of arXiv:1512.03385, equation 2. No torch here."""

from resnet_core.body import Body
from resnet_core.layer import INPUT, Layer
from resnet_core.operators import OPERATORS

HAT = "\N{COMBINING CIRCUMFLEX ACCENT}"
PLAIN = str.maketrans({"·": " * ", "−": " - ", "ₛ": "_s ", "α": "alpha", HAT: "'"})


def equation(body: Body) -> str:
    """``H(x) = ReLU(F(x) + x)``: F the branch, Wₛ a projection, g a gate, α a learned scale, b a draw of 0 or 1.

    x̂ is what a shared pre-activation makes of x.
    """
    values = {INPUT: "x"}
    fork = next((layer.name for layer in reversed(body.part("entry"))), "")
    for layer in body.layers:
        values[layer.name] = _said(layer, [values[read] for read in layer.inputs])
        if layer.name == fork:
            activation, values[fork] = values[fork], f"x{HAT}"
    result = values[body.layers[-1].name]
    return f"{result},  x{HAT} = {activation}" if fork else f"H(x) = {result}"


def in_ascii(text: str) -> str:
    """The same equation for a source file: ``g * F(x) + (1 - g) * x``."""
    return text.translate(PLAIN)


def _said(layer: Layer, taken: list[str]) -> str:
    operator = OPERATORS[layer.op]
    if layer.part == "gate":
        return "g"
    if layer.part == "attention" or (layer.part == "branch" and not operator.weighs):
        return taken[0] if taken[0].startswith("F(") else f"F({taken[0]})"
    if layer.part == "shortcut" and operator.group == "norm":
        return taken[0]  # of a projection, in whose symbol it is
    return operator.symbol.format(*taken, value=f"{layer.value:.3g}")
