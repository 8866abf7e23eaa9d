"""What a network costs, from its plan: formulas over shapes, no tensors.

All counts are for one image. ``params`` are learnable parameters: weights, biases and BatchNorm's scale and shift.
``macs`` are the multiply-adds of convolutions and fully-connected layers; a multiply-add counts once. What else a
layer does is in ``elements`` and gets its price from a :mod:`convention <resnet_core.cost.convention>`.
``saved_bytes`` is what automatic differentiation keeps between the forward and the backward pass of training, in
float32, each tensor once, in the row of the first layer that needs it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Literal, NamedTuple

from resnet_core.plan import Body, Layer, Op, Plan, plan
from resnet_core.spec import ArchSpec

FLOAT32 = 4  # bytes
INT64 = 8  # bytes

Kind = Op | Literal["bias"]


class Cost(NamedTuple):
    """What one operation adds to each total, for one image."""

    kind: Kind
    params: int
    macs: int
    elements: int  # numbers that it works on: what an average takes in, what any other operation puts out
    saved_floats: int
    saved_indices: int  # of max-pooling's maxima, 64 bits each


class Row(NamedTuple):
    """One line of the ledger: an operation in its place, and its cost. A bias has a row of its own."""

    name: str
    stage: int  # 0 outside the stages
    block: int
    layer: Layer
    kind: Kind
    params: int
    macs: int
    elements: int
    saved_floats: int
    saved_indices: int

    @property
    def saved_bytes(self) -> int:
        """Kept for the backward pass, in float32."""
        return FLOAT32 * self.saved_floats + INT64 * self.saved_indices

    @property
    def read_bytes(self) -> int:
        """Read once by an inference in float32: the inputs and the parameters."""
        inputs = 2 if self.kind in ("add", "multiply") else 1
        taken = self.elements if self.kind == "bias" else inputs * _size(self.layer.in_shape)
        statistics = self.params if self.kind == "bn" else 0  # mean and variance, as many as scale and shift
        return FLOAT32 * (taken + self.params + statistics)

    @property
    def written_bytes(self) -> int:
        """Written once by an inference in float32."""
        return FLOAT32 * _size(self.layer.out_shape)

    @property
    def params_formula(self) -> str:
        """The count with its numbers filled in: ``3*3*64*64 = 36,864``."""
        if not self.params:
            return ""
        text = f"2*{self.layer.in_shape[0]}" if self.kind == "bn" else _times(self.layer)
        return f"{self.layer.out_shape[0] if self.kind == 'bias' else text} = {self.params:,}"

    @property
    def macs_formula(self) -> str:
        """As ``params_formula``: each weight once for every pixel put out."""
        if not self.macs:
            return ""
        _, height, width = self.layer.out_shape
        pixels = f" * {height}*{width}" if self.kind == "conv" else ""
        return f"{_times(self.layer)}{pixels} = {self.macs:,}"


@dataclass(frozen=True)
class Ledger:
    """The totals of a network, and the rows that add up to them."""

    plan: Plan
    params: int
    macs: int
    saved_floats: int
    saved_indices: int
    places: "tuple[_Place, ...]" = field(repr=False)

    @property
    def depth(self) -> int:
        """Weight layers on the longest path without projections."""
        return self.plan.spec.depth

    @property
    def additions(self) -> int:
        """Residual additions: one a block, none in a plain network."""
        return len(self.plan.units) if self.plan.spec.skip else 0

    @property
    def paths(self) -> int:
        """Ways from the image to the scores (arXiv:1605.06431, section 3): every block can be taken or passed by."""
        return int(2**self.additions)

    @property
    def flops(self) -> int:
        """Two operations, a multiplication and an addition, for each multiply-add, and nothing else."""
        return 2 * self.macs

    @property
    def backward_macs(self) -> int:
        """Of one backward pass: as many for the weights, as many for the inputs, but none into the image."""
        return 2 * self.macs - next(row.macs for row in self.rows if row.kind == "conv")

    @property
    def saved_bytes(self) -> int:
        """Kept for the backward pass of one image, in float32."""
        return FLOAT32 * self.saved_floats + INT64 * self.saved_indices

    @property
    def receptive_field(self) -> int:
        """Image pixels, along one axis, that one number of the last map can depend on, borders apart."""
        seen, step = 1, 1
        branches = (layer for unit in self.plan.units for layer in unit.body.branch)
        for layer in (*self.plan.stem, *branches):
            seen += (layer.kernel - 1) * step
            step *= layer.stride
        return seen

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """One row for each operation, in the order in which they are computed."""
        return tuple(
            [
                Row(prefix + name, stage, block, layer, *cost)
                for prefix, stage, block, costs in self.places
                for name, layer, cost in costs
            ]
        )


def count(spec: ArchSpec) -> Ledger:
    """Parameters, multiply-adds and saved activations of one image through the network that ``spec`` describes."""
    layers = plan(spec)
    places = tuple(_places(layers))
    sums: dict[int, tuple[int, int, int, int]] = {}  # blocks that share a body share a list of costs
    for _, _, _, costs in places:
        if id(costs) not in sums:
            sums[id(costs)] = _sum(costs)
    params, macs, floats, indices = map(sum, zip(*[sums[id(costs)] for _, _, _, costs in places], strict=True))
    return Ledger(layers, params, macs, floats, indices, places)


_Costs = list[tuple[str, Layer, Cost]]  # the name inside the block, the layer, what it costs
_Place = tuple[str, int, int, _Costs]  # prefix of the names, stage, block, the operations with their costs
_KEEPS_INPUT: frozenset[Op] = frozenset({"conv", "bn", "maxpool", "fc"})
_KEEPS_OUTPUT: frozenset[Op] = frozenset({"relu", "sigmoid"})


def _sum(costs: _Costs) -> tuple[int, int, int, int]:
    """Parameters, multiply-adds, saved numbers and saved indices of some operations together."""
    params = macs = floats = indices = 0
    for _, _, cost in costs:
        params += cost.params
        macs += cost.macs
        floats += cost.saved_floats
        indices += cost.saved_indices
    return params, macs, floats, indices


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
    costs, branch_kept = _chain(body.branch, kept)
    costs = entry + costs
    if not body.add:
        exit_, kept_after = _chain(body.exit, branch_kept)
        return costs + exit_, kept_after
    # All paths read the tensor at the fork; once one of them keeps it, it costs the others nothing.
    kept = kept or body.branch[0].op in _KEEPS_INPUT
    costs += _chain(body.gate, kept)[0]
    if body.branch_product:  # g is kept by the sigmoid; F(x) may not be
        costs.append(_product(body.branch_product, kept_factors=1 + branch_kept))
    costs += _chain(body.shortcut, kept or bool(body.gate))[0]
    if body.shortcut_product:  # x is kept by the gate's convolution; 1 - g is a new tensor
        costs.append(_product(body.shortcut_product, kept_factors=1))
    costs += _costs(body.add, True)
    exit_, kept_after = _chain(body.exit, False)
    return costs + exit_, kept_after


def _product(layer: Layer, *, kept_factors: int) -> tuple[str, Layer, Cost]:
    size = _size(layer.out_shape)
    return layer.name, layer, Cost("multiply", 0, 0, size, (2 - kept_factors) * size, 0)


def _chain(layers: tuple[Layer, ...], kept: bool) -> tuple[_Costs, bool]:
    costs: _Costs = []
    for layer in layers:
        costs += _costs(layer, kept)
        kept = layer.op in _KEEPS_OUTPUT
    return costs, kept


def _costs(layer: Layer, kept: bool) -> _Costs:
    """The costs of a layer whose input backward does or does not keep already, and of its bias.

    PyTorch keeps the input of a convolution, a BatchNorm, a max-pool (with the index of each maximum) and a
    fully-connected layer, the output of a ReLU and of a sigmoid, both factors of a product, and the mask of a dropout
    (on a CPU in float32); nothing for an addition, a constant factor, a zero-padding or an average over the map.
    """
    op, size = layer.op, _size(layer.out_shape)
    saved = 0 if kept or op not in _KEEPS_INPUT else _size(layer.in_shape)
    if op in ("relu", "sigmoid", "dropout"):
        saved += size
    if op == "conv":
        weights = prod(_weight_factors(layer))
        cost = Cost(op, weights, weights * layer.out_shape[1] * layer.out_shape[2], size, saved, 0)
    elif op == "fc":
        weights = prod(_weight_factors(layer))
        cost = Cost(op, weights, weights, size, saved, 0)
    elif op == "bn":
        cost = Cost(op, 2 * layer.in_shape[0], 0, size, saved, 0)
    elif op == "avgpool":
        cost = Cost(op, 0, 0, _size(layer.in_shape), saved, 0)
    else:
        cost = Cost(op, 0, 0, size, saved, size if op == "maxpool" else 0)
    if not layer.bias:
        return [(layer.name, layer, cost)]
    bias = Cost("bias", layer.out_shape[0], 0, size, 0, 0)
    return [(layer.name, layer, cost), (layer.name + ".bias", layer, bias)]


def _weight_factors(layer: Layer) -> tuple[int, ...]:
    """Kernel height and width, input channels that one output channel sees, output channels."""
    inputs, outputs = layer.in_shape[0] // layer.groups, layer.out_shape[0]
    return (layer.kernel, layer.kernel, inputs, outputs) if layer.op == "conv" else (inputs, outputs)


def _times(layer: Layer) -> str:
    return "*".join(map(str, _weight_factors(layer)))


def _size(shape: tuple[int, int, int]) -> int:
    return shape[0] * shape[1] * shape[2]
