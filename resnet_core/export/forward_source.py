"""A forward as lines of source: a walk over the layers of a body with text for values."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from resnet_core.layer import INPUT, Layer, Part, Shape
from resnet_core.operators import OPERATORS

# What a value of that part is called; else out.
VARIABLES: dict[Part, str] = {"stem": "x", "entry": "activated", "gate": "gate", "head": "x"}


class Text(NamedTuple):
    """A value as source: the expression, and the line to which it belongs ("" for none of its own)."""

    expression: str
    line: str = ""

    @property
    def is_named(self) -> bool:
        """Whether it is a variable and needs no computing."""
        return self.expression.isidentifier()


class Statement(NamedTuple):
    """A line of a forward: what is computed, its shape, and the variable that takes it ("" for the result)."""

    variable: str
    expression: str
    shape: Shape


def forward_lines(layers: Sequence[Layer]) -> list[str]:
    """The lines from ``x`` to the result that is returned."""
    return [f"{one.variable} = {one.expression}" if one.variable else f"return {one.expression}"
            for one in statements(layers)]  # fmt: skip


def statements(layers: Sequence[Layer]) -> list[Statement]:
    """From ``x`` to the result: a line for each convolution of a block with what stands around it, then the sum.

    What is read more than once gets a name.
    """
    readers = Counter(read for layer in layers for read in layer.inputs)
    values = {INPUT: Text("x")}
    found: list[Statement] = []
    by_name = {layer.name: layer for layer in layers}

    def name_it(value: str) -> None:
        if not values[value].is_named:
            layer = by_name[value]
            found.append(Statement(VARIABLES.get(layer.part, "out"), values[value].expression, layer.out_shape))
            values[value] = Text(found[-1].variable)

    chained: dict[str, str] = {}  # the path of a Sequential -> the value that it is called with
    for place, layer in enumerate(layers):
        line = _line(layers, place)
        path, _, _ = layer.name.rpartition(".")
        if path and path in chained:  # the same call goes on
            values[layer.name] = Text(f"self.{path}({chained[path]})", line)
            continue
        for read in layer.inputs:
            if values[read].line and values[read].line != line:
                name_it(read)
        taken = [values[read].expression for read in layer.inputs]
        if path:
            chained[path] = taken[0]
        module = f"self.{path or layer.name}"
        expression = OPERATORS[layer.op].expression.format(*taken, module=module, value=layer.value)
        values[layer.name] = Text(expression, line)
        product = layer.part == "attention" and layer.op == "multiply"
        if readers[layer.name] > 1 or product or (layer.part == "gate" and layer.op == "sigmoid"):
            name_it(layer.name)
    result = layers[-1]
    return [*found, Statement("", values[result.name].expression, result.out_shape)]


def _line(layers: Sequence[Layer], place: int) -> str:
    """The line that a layer stands in.

    In a block the number of a convolution: of ``bn1`` 1; of what has no number in the branch, that of what follows. In
    the stem pooling has a line of its own; in the head the average and the classifier share one.
    """
    group = OPERATORS[layers[place].op].group
    if layers[place].part == "stem":
        return "pool" if group == "pool" else "stem"
    if layers[place].part == "head":
        return "classifier" if group in ("pool", "weights") else "head"
    if layers[place].part not in ("entry", "branch", "exit"):
        return ""
    number = re.search(r"\d+$", layers[place].name)
    if number is None and layers[place].part == "branch":
        return _line(layers, place + 1)
    return number[0] if number else ""
