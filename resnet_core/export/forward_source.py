"""The forward of a block as lines of source: a walk over its layers with text for values."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from resnet_core.layer import INPUT, Layer, Part
from resnet_core.operators import OPERATORS

VARIABLES: dict[Part, str] = {"entry": "activated", "gate": "gate"}  # what a value of that part is called; else out


class Text(NamedTuple):
    """A value as source: the expression, and the number of the convolution to whose line it belongs ("" for none)."""

    expression: str
    line: str = ""

    @property
    def is_named(self) -> bool:
        """Whether it is a variable and needs no computing."""
        return self.expression.isidentifier()


def forward_lines(layers: Sequence[Layer]) -> list[str]:
    """The statements from ``x`` to the result: a line for each convolution with what stands around it, then the sum.

    What is read more than once gets a name.
    """
    readers = Counter(read for layer in layers for read in layer.inputs)
    values = {INPUT: Text("x")}
    lines: list[str] = []

    def name_it(value: str, part: Part) -> None:
        if not values[value].is_named:
            variable = VARIABLES.get(part, "out")
            lines.append(f"{variable} = {values[value].expression}")
            values[value] = Text(variable)

    parts: dict[str, Part] = {layer.name: layer.part for layer in layers}
    chained: dict[str, str] = {}  # the path of a Sequential -> the value that it is called with
    for place, layer in enumerate(layers):
        line = _line(layers, place)
        path, _, _ = layer.name.rpartition(".")
        if path and path in chained:  # the same call goes on
            values[layer.name] = Text(f"self.{path}({chained[path]})")
            continue
        for read in layer.inputs:
            if values[read].line and values[read].line != line:
                name_it(read, parts[read])
        taken = [values[read].expression for read in layer.inputs]
        if path:
            chained[path] = taken[0]
        module = f"self.{path or layer.name}"
        expression = OPERATORS[layer.op].expression.format(*taken, module=module, value=layer.value)
        values[layer.name] = Text(expression, line)
        product = layer.part == "attention" and layer.op == "multiply"
        if readers[layer.name] > 1 or product or (layer.part == "gate" and layer.op == "sigmoid"):
            name_it(layer.name, layer.part)
    return [*lines, f"return {values[layers[-1].name].expression}"]


def _line(layers: Sequence[Layer], place: int) -> str:
    """The number of the convolution whose line a layer stands in: of ``bn1`` 1; of a dropout, that of what follows."""
    if layers[place].part not in ("entry", "branch", "exit"):
        return ""
    number = re.search(r"\d+$", layers[place].name)
    if number is None and layers[place].name == "branch_dropout":
        return _line(layers, place + 1)
    return number[0] if number else ""
