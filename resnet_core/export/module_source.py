"""Modules as the calls that make them, and the classes that ``torch.nn`` lacks. No torch here: it reads their file."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from resnet_core.layer import Layer
from resnet_core.operators import OPERATORS

OWN = Path(__file__).parents[1] / "model" / "modules.py"


@cache
def own_classes() -> dict[str, str]:
    """The text of each class of :mod:`resnet_core.model.modules`, by its name."""
    text = OWN.read_text(encoding="utf-8")
    found = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return {node.name: ast.get_source_segment(text, node) or "" for node in found}


def used_classes(layers: Iterable[Layer]) -> list[str]:
    """The texts of the classes that some layers need besides ``torch.nn``'s."""
    calls = {call(layer).name for layer in layers if (call := OPERATORS[layer.op].call)}
    return [text for name, text in own_classes().items() if name in calls]


def call_source(name: str, arguments: Sequence[str], options: Mapping[str, Any]) -> str:
    """The constructor's call."""
    told = [*arguments, *(f"{key}={value}" for key, value in options.items())]
    return f"{'' if name in own_classes() else 'nn.'}{name}({', '.join(told)})"


def layer_source(layer: Layer) -> str:
    """The call that makes a layer's module, with its numbers; empty where it has none."""
    call = OPERATORS[layer.op].call
    if call is None:
        return ""
    name, arguments, options = call(layer)
    return call_source(name, [str(value) for value in arguments], options)


def made(layers: Sequence[Layer], texts: Mapping[str, str]) -> list[str]:
    """The assignments that make some layers' modules. Those of one path are a Sequential, as in the state_dict."""
    lines: dict[str, list[str]] = {}
    for layer in layers:
        if texts[layer.name]:
            path, _, place = layer.name.rpartition(".")
            row = lines.setdefault(path or layer.name, [])
            if path:  # a number that is left out is a place where nothing is done
                row += ["nn.Identity()"] * (int(place) - len(row))
            row.append(texts[layer.name])
    dotted = {layer.name.rpartition(".")[0] for layer in layers}
    return [
        f"self.{path} = nn.Sequential({', '.join(row)})" if path in dotted else f"self.{path} = {row[0]}"
        for path, row in lines.items()
    ]
