"""The blocks of a network as source: a class for each structure, and the rows of blocks that are made of them.

Blocks of one structure have the same layers, wired alike; they differ in channels and strides, which are the arguments
of their class. So each class is straight-line code in which F(x) + x can be read.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from resnet_core.body import MOST_GROUPS, Body
from resnet_core.equation import equation, in_ascii
from resnet_core.export.forward_source import forward_lines
from resnet_core.export.module_source import call_source, made
from resnet_core.export.text import broken, indent, paragraph
from resnet_core.operators import OPERATORS, Channels
from resnet_core.orderings import ORDERINGS
from resnet_core.papers import RESNET_2015, RESNET_2016
from resnet_core.plan import Plan, Unit

FIGURE_2 = {  # of arXiv:1603.05027
    "constant_scaling": "constant scaling, Figure 2(b)",
    "exclusive_gating": "exclusive gating, Figure 2(c)",
    "shortcut_only_gating": "shortcut-only gating, Figure 2(d)",
    "conv1x1": "a 1x1 convolution, Figure 2(e)",
    "dropout": "dropout, Figure 2(f)",
}
Values = tuple[Any, ...]  # of one number, in each body of a class
MANY = 3  # alike blocks in a row from which on they are counted and not listed


class Parameter(NamedTuple):
    """An argument of a block's class. One with a ``default`` is passed by its name, and only where it differs."""

    name: str
    kind: str
    values: Values
    default: Any = None


class BlockClass:
    """The class of some bodies of one structure."""

    def __init__(self, plan: Plan, bodies: Sequence[Body], name: str) -> None:
        self.plan, self.bodies, self.name = plan, bodies, name
        self.body = bodies[0]
        self.parameters = list(_dimensions(bodies))
        self._texts = {layer.name: self._module(place) for place, layer in enumerate(self.body.layers)}

    def source(self) -> str:
        """The class."""
        arguments = [f"{one.name}: {one.kind}" for one in self.parameters if one.default is None]
        arguments += [f"{one.name}: {one.kind} = {one.default}" for one in self.parameters if one.default is not None]
        lines = [
            f"class {self.name}(nn.Module):",
            f'    """{paragraph(self._doc(), 1)}"""',
            "",
            f"    def __init__({', '.join(['self', *arguments])}) -> None:",
            "        super().__init__()",
            *indent([*made(self.body.layers, self._texts), *self._first_weights()], 2),
            "",
            "    def forward(self, x: Tensor) -> Tensor:",
            *indent(forward_lines(self.body.layers), 2),
        ]
        return "\n".join(broken(lines))

    def instance(self, body: Body) -> str:
        """The call that makes a block of this body."""
        at = [id(one) for one in self.bodies].index(id(body))
        told = [str(one.values[at]) for one in self.parameters if one.default is None]
        told += [f"{one.name}={one.values[at]}" for one in self.parameters if one.default not in (None, one.values[at])]
        return f"{self.name}({', '.join(told)})"

    def _module(self, place: int) -> str:
        """The constructor's call of a layer, with the names of the parameters for the numbers that differ."""
        layers = [body.layers[place] for body in self.bodies]
        call = OPERATORS[layers[0].op].call
        if call is None:
            return ""
        calls = [call(layer) for layer in layers]
        name, arguments, _ = calls[0]
        words = [
            self._written(f"{layers[0].name}_{number}", tuple(one.arguments[number] for one in calls))
            for number in range(len(arguments))
        ]
        keys = dict.fromkeys(key for one in calls for key in one.options)
        told = {key: self._written(key, tuple(one.options.get(key, 1) for one in calls)) for key in keys}
        return call_source(name, words, {key: text for key, text in told.items() if (key, text) != ("stride", "1")})

    def _written(self, name: str, values: Values) -> str:
        """A number, or what it is called where it differs between the blocks."""
        named = next((one.name for one in self.parameters if one.values == values), None)
        if isinstance(values[0], Channels):
            return named or self._parameter(name, "int", values)
        if len(set(values)) == 1:
            return str(values[0])
        if named:
            return named
        if name == "stride":
            return self._parameter(name, "int", values, default=1)
        if isinstance(values[0], float):
            return self._parameter("stays", "float", values)
        for one in self.parameters:  # the groups of a GroupNorm
            if values == tuple(min(MOST_GROUPS, channels) for channels in one.values):
                return f"min({MOST_GROUPS}, {one.name})"
        return self._parameter(f"{name.partition('_')[0]}_groups", "int", values)

    def _parameter(self, name: str, kind: str, values: Values, default: Any = None) -> str:
        self.parameters.append(Parameter(name.replace(".", "_"), kind, values, default))
        return self.parameters[-1].name

    def _first_weights(self) -> Iterator[str]:
        """Where a layer starts elsewhere than PyTorch lets it."""
        for layer in self.body.layers:
            if layer.bias:
                path, _, place = layer.name.rpartition(".")
                yield f"nn.init.constant_(self.{f'{path}[{place}]' if path else layer.name}.bias, {layer.value})"
        if self.plan.spec.starts_branch_at_zero and self.body.addition:
            norm = self.body.closing_norm
            yield f"nn.init.zeros_(self.{norm}.weight)  # F(x) starts at 0: arXiv:1706.02677, 5.1"

    def _doc(self) -> str:
        spec, body = self.plan.spec, self.body
        kernels = [f"{layer.kernel}x{layer.kernel}" for layer in body.part("branch") if layer.op == "conv"]
        number = 1 if body.in_shape == body.out_shape else 2  # with W_s, or what stands in for it
        text = f"{', '.join(kernels)}: {in_ascii(equation(body))} ({RESNET_2015}, equation {number})"
        if not body.addition:
            text = f"{', '.join(kernels)}: {in_ascii(equation(body))}, without a shortcut"
        if spec.ordering != "original":
            moved = {"batch": "BatchNorm and ReLU", "group": "GroupNorm and ReLU", "none": "ReLU"}[spec.norm]
            text += f". {moved} as in {RESNET_2016}, Figure {ORDERINGS[spec.ordering].figure}"
        kind = spec.shortcut_where_shapes_stay
        if body.addition and body.in_shape == body.out_shape and kind != "identity":
            text += f". The shortcut: {FIGURE_2[kind]}"
        if self.name.startswith("First"):
            text += ". The stem's ReLU has already been at the input"
        if body.part("attention"):
            text += ". self.se: squeeze-and-excitation, arXiv:1709.01507"
        return text + "."


def block_classes(plan: Plan) -> dict[int, BlockClass]:
    """The class of each body, by the body's identity."""
    bodies = list({id(unit.body): unit.body for unit in plan.units}.values())
    structures: dict[Any, list[Body]] = {}
    for body in bodies:
        structures.setdefault(_structure(body), []).append(body)
    first = plan.units[0].body
    found: dict[int, BlockClass] = {}
    names: set[str] = set()
    for alike in structures.values():
        name = _class_name(plan, alike, starts=first if len(alike) == 1 else None)
        if name in names:
            name += str(len(names) + 1)
        names.add(name)
        of_structure = BlockClass(plan, alike, name)
        found |= {id(body): of_structure for body in alike}
    return found


def stage_lines(plan: Plan, classes: Mapping[int, BlockClass]) -> list[str]:
    """The stages as rows of blocks, alike ones counted."""
    lines = []
    for stage, of_stage in groupby(plan.units, key=lambda unit: unit.stage):
        rows = list(_rows(list(of_stage), classes))
        together = f"self.layer{stage} = nn.Sequential({', '.join(rows)})"
        if len(rows) == 1 or len(together) <= 92:
            lines.append(together)
        else:
            lines += [f"self.layer{stage} = nn.Sequential(", *(f"    {row}," for row in rows), ")"]
    return lines


def _rows(units: Sequence[Unit], classes: Mapping[int, BlockClass]) -> Iterator[str]:
    for made_by, alike in groupby(classes[id(unit.body)].instance(unit.body) for unit in units):
        number = len(list(alike))
        if number < MANY:
            yield from [made_by] * number
        else:
            yield f"*({made_by} for _ in range({number}))"


def _structure(body: Body) -> Any:
    """What blocks of one class share: everything but channels, strides and chances."""
    return tuple(
        (layer.name, layer.op, layer.inputs, layer.bias, OPERATORS[layer.op].whole_map or layer.kernel)
        for layer in body.layers
    )


def _class_name(plan: Plan, alike: Sequence[Body], starts: Body | None) -> str:
    body = alike[0]
    base = "BasicBlock" if plan.spec.block == "basic" else "Bottleneck"
    leading = ORDERINGS[plan.spec.ordering].leading
    starts_late = starts is not None and body is starts and leading and len(plan.units) > 1
    if not body.addition:
        return f"{'First' if starts_late else ''}Plain{base}"
    if starts_late:
        return f"First{base}"
    if any(one.in_shape == one.out_shape for one in alike):
        return base
    strided = all(one.in_shape[1:] != one.out_shape[1:] for one in alike)
    return f"{'Downsampling' if strided else 'Widening'}{base}"


def _dimensions(bodies: Sequence[Body]) -> Iterator[Parameter]:
    """The numbers of channels that have a name: what comes in, what goes out, what lies between where it differs."""
    comes_in = tuple(body.in_shape[0] for body in bodies)
    goes_out = tuple(body.out_shape[0] for body in bodies)
    if comes_in == goes_out:
        yield Parameter("channels", "int", comes_in)
    else:
        yield Parameter("inputs", "int", comes_in)
    between = tuple(next(layer.out_shape[0] for layer in body.layers if layer.op == "conv") for body in bodies)
    if between not in (comes_in, goes_out):
        yield Parameter("width", "int", between)
    if comes_in != goes_out:
        yield Parameter("outputs", "int", goes_out)
    if bodies[0].part("attention"):
        yield Parameter("squeezed", "int", tuple(body.part("attention")[1].out_shape[0] for body in bodies))
