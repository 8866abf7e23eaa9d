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

from resnet_core.body import Body
from resnet_core.cost.receptive import receptive_fields
from resnet_core.layer import INPUT, Layer, Op, size
from resnet_core.operators import OPERATORS
from resnet_core.plan import Plan, plan
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
        if self.kind == "bias":
            return FLOAT32 * (self.elements + self.params)
        return FLOAT32 * (sum(map(size, self.layer.in_shapes)) + self.params + self.statistics)

    @property
    def statistics(self) -> int:
        """Numbers that are kept beside the parameters: BatchNorm's running mean and variance."""
        return 0 if self.kind == "bias" else OPERATORS[self.layer.op].statistics(self.layer)

    @property
    def written_bytes(self) -> int:
        """Written once by an inference in float32."""
        return FLOAT32 * size(self.layer.out_shape)

    @property
    def params_formula(self) -> str:
        """The count with its numbers filled in: ``3*3*64*64 = 36,864``."""
        if not self.params:
            return ""
        return f"{self.layer.out_shape[0] if self.kind == 'bias' else _times(self.layer)} = {self.params:,}"

    @property
    def macs_formula(self) -> str:
        """As ``params_formula``: each weight once for every pixel put out."""
        if not self.macs:
            return ""
        _, height, width = self.layer.out_shape
        pixels = f" * {height}*{width}" if OPERATORS[self.layer.op].macs_per_weight == "pixel" else ""
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
        """Residual additions: one for each block that has a shortcut."""
        return sum(self.plan.spec.has_shortcut(number) for number in range(1, len(self.plan.units) + 1))

    @property
    def blocks_on_average(self) -> float:
        """Blocks whose branch takes part in a training step: all, but for stochastic depth (arXiv:1603.09382, (5))."""
        return sum(map(self.plan.spec.stays, range(1, len(self.plan.units) + 1)))

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
        return 2 * self.macs - next(row.macs for row in self.rows if row.macs)

    @property
    def saved_bytes(self) -> int:
        """Kept for the backward pass of one image, in float32."""
        return FLOAT32 * self.saved_floats + INT64 * self.saved_indices

    @property
    def receptive_field(self) -> int:
        """Image pixels, along one axis, that one number of the last map can depend on, borders apart.

        Through windows: a squeeze-and-excitation besides weighs whole channels by a mean over the whole map.
        """
        return receptive_fields(self.plan)[-1].size

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
    costs, kept = _body(layers.stem, False)
    yield "", 0, 0, costs
    known: dict[tuple[int, bool], tuple[_Costs, bool]] = {}
    for name, stage, block, body in layers.units:
        key = id(body), kept
        if key not in known:
            known[key] = _body(body, kept)
        costs, kept = known[key]
        yield name + ".", stage, block, costs
    yield "", 0, 0, _body(layers.head, kept)[0]


def _body(body: Body, input_is_kept: bool) -> tuple[_Costs, bool]:
    """The costs of its layers; whether backward already keeps the tensor that comes in, and then the one that goes out.

    Backward keeps a tensor once, whoever needs it again; it stands in the row of the first that does.
    """
    kept = {INPUT} if input_is_kept else set()
    costs: _Costs = []
    for layer in body.layers:
        operator = OPERATORS[layer.op]
        put_out = size(layer.out_shape)
        saved = operator.keeps_more(layer) if operator.keeps_more else 0
        for index in operator.keeps:
            read = layer.inputs[index]
            if read not in kept:
                kept.add(read)
                saved += size(layer.in_shapes[index])
        if operator.keeps_output:
            kept.add(layer.name)
            saved += put_out
        weights = macs = 0
        if operator.weights:
            weights = prod(operator.weights(layer))
            if operator.macs_per_weight == "pixel":
                macs = weights * layer.out_shape[1] * layer.out_shape[2]
            elif operator.macs_per_weight == "once":
                macs = weights
        elements = size(layer.in_shapes[0]) if operator.over_input else put_out
        indices = operator.keeps_indices(layer) if operator.keeps_indices else 0
        # As Cost(...), in half the time.
        cost = tuple.__new__(Cost, (layer.op, weights, macs, elements, saved, indices))
        costs.append((layer.name, layer, cost))
        if layer.bias:
            costs.append((f"{layer.name}.bias", layer, Cost("bias", layer.out_shape[0], 0, put_out, 0, 0)))
    return costs, body.layers[-1].name in kept


def _times(layer: Layer) -> str:
    weights = OPERATORS[layer.op].weights
    return "*".join(map(str, weights(layer))) if weights else ""
