"""What a network costs, from its plan: formulas over shapes, no tensors.

``params`` are learnable parameters: weights, biases and BatchNorm's scale and shift. ``macs`` are the multiply-adds of
convolutions and the fully-connected layer for one image; a multiply-add counts once. ``saved_bytes`` is what automatic
differentiation keeps of one image between the forward and the backward pass of training, in float32, each tensor once,
in the row of the first layer that needs it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import NamedTuple

from resnet_core.plan import Body, Layer, Op, Plan, plan
from resnet_core.spec import ArchSpec

FLOAT32 = 4  # bytes
INT64 = 8  # bytes


class Cost(NamedTuple):
    """What one layer adds to each total, for one image."""

    params: int
    macs: int
    saved_bytes: int


class Row(NamedTuple):
    """One line of the ledger: a layer in its place, and its cost."""

    name: str
    stage: int  # 0 outside the stages
    block: int
    layer: Layer
    params: int
    macs: int
    saved_bytes: int

    @property
    def params_formula(self) -> str:
        """The count with its numbers filled in: ``3*3*64*64 = 36,864``."""
        if self.layer.op == "bn":
            return f"2*{self.layer.in_shape[0]} = {self.params:,}"
        if self.layer.op == "fc":
            return f"{_times(self.layer)} + {self.layer.out_shape[0]} = {self.params:,}"
        return f"{_times(self.layer)} = {self.params:,}" if self.params else ""

    @property
    def macs_formula(self) -> str:
        """As ``params_formula``: each weight once for every pixel put out."""
        if not self.macs:
            return ""
        _, height, width = self.layer.out_shape
        pixels = f" * {height}*{width}" if self.layer.op == "conv" else ""
        return f"{_times(self.layer)}{pixels} = {self.macs:,}"


@dataclass(frozen=True)
class Ledger:
    """The totals of a network, and the rows that add up to them."""

    plan: Plan
    params: int
    macs: int
    saved_bytes: int
    depth: int
    additions: int
    places: "tuple[_Place, ...]" = field(repr=False)

    @property
    def flops(self) -> int:
        """Two operations, a multiplication and an addition, for each multiply-add."""
        return 2 * self.macs

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """One row for each layer, in the order in which they are computed."""
        return tuple(
            [
                Row(prefix + layer[0], stage, block, layer, *cost)
                for prefix, stage, block, costs in self.places
                for layer, cost in costs
            ]
        )


def count(spec: ArchSpec) -> Ledger:
    """Parameters, multiply-adds and saved activations of one image through the network that ``spec`` describes."""
    layers = plan(spec)
    places = tuple(_places(layers))
    params = macs = saved = 0
    for _, _, _, costs in places:
        for _, cost in costs:
            params += cost.params
            macs += cost.macs
            saved += cost.saved_bytes
    return Ledger(layers, params, macs, saved, spec.depth, len(layers.units) if spec.skip else 0, places)


_Costs = list[tuple[Layer, Cost]]
_Place = tuple[str, int, int, _Costs]  # prefix of the names, stage, block, the layers with their costs
_KEEPS_INPUT: frozenset[Op] = frozenset({"conv", "bn", "maxpool", "fc"})


def _places(layers: Plan) -> Iterator[_Place]:
    """Stem, blocks and head with the cost of each layer; blocks that share a body share the arithmetic."""
    costs, kept = _chain(layers.stem, False)
    yield "", 0, 0, costs
    known: dict[tuple[int, bool], tuple[_Costs, bool]] = {}
    for name, stage, block, body in layers.units:
        key = id(body), kept
        if key not in known:
            known[key] = _body(body, kept)
        costs, kept = known[key]
        yield name + ".", stage, block, costs
    yield "", 0, 0, _chain(layers.head, kept)[0]


def _body(body: Body, kept: bool) -> tuple[_Costs, bool]:
    """The costs of a block; ``kept``: whether backward already keeps the tensor that comes in, and that goes out."""
    entry, kept = _chain(body.entry, kept)
    branch, kept_after = _chain(body.branch, kept)
    if not body.add:
        exit_, kept_after = _chain(body.exit, kept_after)
        return entry + branch + exit_, kept_after
    # Both paths read the tensor at the fork; where the branch keeps it, the shortcut's layer adds nothing.
    shortcut, _ = _chain(body.shortcut, kept or body.branch[0].op in _KEEPS_INPUT)
    exit_, kept_after = _chain(body.exit, False)
    return [*entry, *branch, *shortcut, (body.add, _cost(body.add, True)), *exit_], kept_after


def _chain(layers: tuple[Layer, ...], kept: bool) -> tuple[_Costs, bool]:
    costs = []
    for layer in layers:
        costs.append((layer, _cost(layer, kept)))
        kept = layer.op == "relu"
    return costs, kept


def _cost(layer: Layer, kept: bool) -> Cost:
    """The cost of a layer whose input backward does or does not keep already.

    PyTorch keeps the input of a convolution, a BatchNorm, a max-pool (with the index of each maximum) and a
    fully-connected layer, and the output of a ReLU; nothing for an addition, a zero-padding or an average over the map.
    """
    saved = 0
    if layer.op in _KEEPS_INPUT and not kept:
        saved += FLOAT32 * _size(layer.in_shape)
    if layer.op == "maxpool":
        saved += INT64 * _size(layer.out_shape)
    if layer.op == "relu":
        saved += FLOAT32 * _size(layer.out_shape)
    weights = prod(_weight_factors(layer))
    if layer.op == "conv":
        return Cost(weights, weights * layer.out_shape[1] * layer.out_shape[2], saved)
    if layer.op == "fc":
        return Cost(weights + layer.out_shape[0], weights, saved)
    return Cost(2 * layer.in_shape[0] if layer.op == "bn" else 0, 0, saved)


def _weight_factors(layer: Layer) -> tuple[int, ...]:
    """Kernel height and width, input channels that one output channel sees, output channels."""
    inputs, outputs = layer.in_shape[0] // layer.groups, layer.out_shape[0]
    if layer.op == "conv":
        return layer.kernel, layer.kernel, inputs, outputs
    return (inputs, outputs) if layer.op == "fc" else ()


def _times(layer: Layer) -> str:
    return "*".join(map(str, _weight_factors(layer)))


def _size(shape: tuple[int, int, int]) -> int:
    return shape[0] * shape[1] * shape[2]
