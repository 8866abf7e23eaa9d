"""Every layer of a network with its shapes, derived from the specification alone. No tensors, no torch.

The ledger, the module, the drawings and the exported code read this plan and nothing else, so they cannot disagree.
Names are torchvision's (``conv1``, ``layer1.0.conv1``, ``layer2.0.downsample.0``, ``fc``). Shapes are ``(C, H, W)`` of
one image.

A block is kept in its parts, so that H(x) = F(x) + x can be read off it (arXiv:1512.03385, equation 1)::

    x -> entry -+-> branch ---(*g)---> (+) -> exit -> H(x)
                +-> gate: g             ^
                +-> shortcut -(*(1-g))--+

``entry`` is empty but for a pre-activation that both paths share: where the shape changes (arXiv:1603.05027, appendix).
A plain network has no shortcut and no addition. ``gate`` is empty but for the two gated shortcuts of arXiv:1603.05027,
Figure 2(c, d), whose products ``shortcut_product`` and ``branch_product`` are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, overload

from resnet_core.depths import CONVS_IN_BLOCK
from resnet_core.orderings import ORDERINGS, Ordering
from resnet_core.spec import ArchSpec

Op = Literal[
    "conv", "bn", "relu", "maxpool", "avgpool", "fc", "pad", "add", "scale", "dropout", "sigmoid", "multiply"
]  # fmt: skip
Part = Literal["stem", "entry", "branch", "shortcut", "gate", "add", "exit", "head"]
Shape = tuple[int, int, int]


class Layer(NamedTuple):
    """One operator. Inside a :class:`Body` its name is relative to the block (``conv1``) and its place is 0, 0."""

    name: str
    op: Op
    in_shape: Shape
    out_shape: Shape
    kernel: int
    stride: int
    padding: int
    groups: int
    part: Part
    bias: bool = False
    value: float = 0.0  # the factor of a scale, the rate of a dropout, the first bias of a gate
    stage: int = 0  # counts from 1; 0 outside the stages
    block: int = 0


class Body(NamedTuple):
    """The layers of a block by their part. All alike blocks of a stage share one body."""

    in_shape: Shape
    out_shape: Shape
    entry: tuple[Layer, ...]
    branch: tuple[Layer, ...]
    gate: tuple[Layer, ...]
    branch_product: Layer | None
    shortcut: tuple[Layer, ...]
    shortcut_product: Layer | None
    add: Layer | None
    exit: tuple[Layer, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers in the order in which they are computed."""
        by_gate = (self.branch_product,) if self.branch_product else ()
        rest_of_gate = (self.shortcut_product,) if self.shortcut_product else ()
        joint = (self.add,) if self.add else ()
        return (
            *self.entry, *self.branch, *self.gate, *by_gate, *self.shortcut, *rest_of_gate, *joint, *self.exit
        )  # fmt: skip


class Unit(NamedTuple):
    """One block in its place: a residual unit of the papers, or its plain twin."""

    name: str  # torchvision's: layer1.0 is the first block of the first stage
    stage: int
    block: int
    body: Body

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the body under their full names."""
        place = (self.stage, self.block)
        return tuple(Layer._make((f"{self.name}.{layer[0]}", *layer[1:11], *place)) for layer in self.body.layers)


@dataclass(frozen=True)
class Plan:
    """A network as a sequence of layers, and by its parts."""

    spec: ArchSpec
    stem: tuple[Layer, ...]
    units: tuple[Unit, ...]
    head: tuple[Layer, ...]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer in the order in which it is computed."""
        return (*self.stem, *(layer for unit in self.units for layer in unit.layers), *self.head)

    @property
    def ordinary_unit(self) -> Unit:
        """The block that most are like: one that keeps its shape and is not the first of its stage.

        Where every stage is a single block, the first that keeps its shape; else, as in a network of one bottleneck a
        stage, the first of all.
        """
        keeping = [unit for unit in self.units if unit.body.in_shape == unit.body.out_shape]
        return next((unit for unit in keeping if unit.block > 1), keeping[0] if keeping else self.units[0])

    @property
    def changing_unit(self) -> Unit:
        """The first block of a stage, where the map is halved and the channels grow: of the second stage, if any.

        There a stride, a projection and a shared pre-activation stand. A network of one stage has its first block.
        """
        return next((unit for unit in self.units if unit.stage == 2), self.units[0])

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    @overload
    def __getitem__(self, index: int) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Layer, ...]: ...
    def __getitem__(self, index: int | slice) -> Layer | tuple[Layer, ...]:
        return self.layers[index]


class _Chain:
    """Layers one after the other, each taking the shape that the one before it put out."""

    def __init__(self, shape: Shape, part: Part) -> None:
        self.shape, self.part = shape, part
        self.layers: list[Layer] = []

    def put(
        self, name: str, op: Op, channels: int = 0, kernel: int = 1, stride: int = 1, padding: int = 0, groups: int = 1,
        bias: bool = False, value: float = 0.0,
    ) -> None:  # fmt: skip
        """Append an operator that puts out ``channels`` channels (0: as many as it takes)."""
        c, h, w = self.shape
        h, w = ((side + 2 * padding - kernel) // stride + 1 for side in (h, w))
        out = (channels or c, h, w)
        self.layers.append(Layer(name, op, self.shape, out, kernel, stride, padding, groups, self.part, bias, value))
        self.shape = out

    def done(self) -> tuple[Layer, ...]:
        return tuple(self.layers)


def plan(spec: ArchSpec) -> Plan:
    """The layers of the network that ``spec`` describes (2015 paper, Figure 3, Table 1 and section 4.2)."""
    order = ORDERINGS[spec.ordering]
    stem = _stem(spec)
    shape = stem[-1].out_shape
    units: list[Unit] = []
    for stage, blocks in enumerate(spec.stages, start=1):
        for block in range(1, blocks + 1):
            if block <= 2:  # from the third block of a stage on, all are like the second
                body = _body(spec, order, stage, block, shape)
                shape = body.out_shape
            units.append(Unit(f"layer{stage}.{block - 1}", stage, block, body))
    return Plan(spec, stem, tuple(units), _head(spec, order, shape))


def _stem(spec: ArchSpec) -> tuple[Layer, ...]:
    """The activation stands right after the first convolution in every ordering (2016 paper, appendix)."""
    chain = _Chain((spec.in_channels, spec.image_size, spec.image_size), "stem")
    if spec.stem == "imagenet":
        chain.put("conv1", "conv", spec.width, kernel=7, stride=2, padding=3)
    else:
        chain.put("conv1", "conv", spec.width, kernel=3, padding=1)
    if spec.norm == "batch":
        chain.put("bn1", "bn")
    chain.put("relu", "relu")
    if spec.stem == "imagenet":
        chain.put("maxpool", "maxpool", kernel=3, stride=2, padding=1)
    return chain.done()


def _head(spec: ArchSpec, order: Ordering, shape: Shape) -> tuple[Layer, ...]:
    """What pre-activation leaves undone after the last addition, the average over the map, and the classifier."""
    chain = _Chain(shape, "head")
    if "bn" in order.head and spec.norm == "batch":
        chain.put("bn_last", "bn")
    if "relu" in order.head:
        chain.put("relu_last", "relu")
    chain.put("avgpool", "avgpool", kernel=chain.shape[1])
    chain.put("fc", "fc", spec.num_classes, bias=True)
    return chain.done()


class _Conv(NamedTuple):
    channels: int
    kernel: int
    stride: int
    groups: int


def _convolutions(spec: ArchSpec, stage: int, stride: int) -> tuple[_Conv, ...]:
    """The weight layers of a block's branch (2015 paper, Figure 5; groups: arXiv:1611.05431, Figure 3c)."""
    inner, out = spec.branch_width(stage - 1), spec.channels(stage - 1)
    if spec.block == "basic":
        return (_Conv(inner, 3, stride, 1), _Conv(out, 3, 1, 1))
    on_1x1, on_3x3 = (stride, 1) if spec.stride_on == "1x1" else (1, stride)
    return (_Conv(inner, 1, on_1x1, 1), _Conv(inner, 3, on_3x3, spec.groups), _Conv(out, 1, 1, 1))


def _body(spec: ArchSpec, order: Ordering, stage: int, block: int, shape: Shape) -> Body:
    stride = 2 if stage > 1 and block == 1 else 1
    out_channels = spec.channels(stage - 1)
    reshapes = stride != 1 or shape[0] != out_channels

    entry = _Chain(shape, "entry")
    first_of_all = stage == block == 1  # the stem has already activated its input
    shared = order.leading if reshapes and not first_of_all and spec.skip else ()
    _activate(entry, shared, 1, spec)

    branch = target = _Chain(shape, "branch")
    exit_ = _Chain(shape, "exit")
    done_before = len(order.leading) if shared or first_of_all else 0
    for number, conv in enumerate(_convolutions(spec, stage, stride), start=1):
        tokens = order.last if number == CONVS_IN_BLOCK[spec.block] else order.each
        for token in tokens[done_before if number == 1 else 0 :]:
            if token == "+":
                exit_.shape = branch.shape
                target = exit_
            elif token == "conv":
                target.put(f"conv{number}", "conv", *conv[:3], padding=conv.kernel // 2, groups=conv.groups)
            else:
                _activate(target, (token,), number, spec)

    gate, shortcut = _Chain(shape, "gate"), _Chain(shape, "shortcut")
    branch_product = shortcut_product = add = None
    if spec.skip:
        _shortcut(shortcut, spec, order, out_channels, stride, reshapes)
        add = _joint("add", "add", "add", branch.shape)
        if not reshapes and spec.shortcut == "constant_scaling":
            branch.put("branch_scale", "scale", value=spec.branch_scale)
        if not reshapes and spec.shortcut in ("exclusive_gating", "shortcut_only_gating"):
            gate.put("gate", "conv", shape[0], bias=True, value=spec.gate_bias)
            gate.put("sigmoid", "sigmoid")
            shortcut_product = _joint("shortcut_product", "multiply", "shortcut", branch.shape)
            if spec.shortcut == "exclusive_gating":
                branch_product = _joint("branch_product", "multiply", "branch", branch.shape)
    return Body(
        shape, exit_.shape, entry.done(), branch.done(), gate.done(), branch_product, shortcut.done(), shortcut_product,
        add, exit_.done(),
    )  # fmt: skip


def _joint(name: str, op: Op, part: Part, shape: Shape) -> Layer:
    """An operator of two inputs of one shape."""
    return Layer(name, op, shape, shape, 1, 1, 0, 1, part)


def _activate(chain: _Chain, tokens: tuple[str, ...], number: int, spec: ArchSpec) -> None:
    for token in tokens:
        if token == "relu":
            chain.put(f"relu{number}", "relu")
        elif spec.norm == "batch":
            chain.put(f"bn{number}", "bn")


def _shortcut(chain: _Chain, spec: ArchSpec, order: Ordering, channels: int, stride: int, reshapes: bool) -> None:
    """Where the shape changes: options A, B and C of the 2015 paper, sections 3.3 and 4.1. Where it stays: Figure 2 of
    the 2016 paper, whose identity has no layer.

    A projection is normalised exactly if the branch's last convolution is: so it is in the original unit, and bare in
    the full pre-activation unit, as in the authors' networks.
    """
    if not reshapes and spec.shortcut == "constant_scaling":
        chain.put("shortcut_scale", "scale", value=spec.shortcut_scale)
    elif not reshapes and spec.shortcut == "dropout":
        chain.put("dropout", "dropout", value=spec.dropout_rate)
    elif (
        spec.projection == "C" or (spec.projection == "B" and reshapes) or (spec.shortcut == "conv1x1" and not reshapes)
    ):
        chain.put("downsample.0", "conv", channels, kernel=1, stride=stride)
        if order.branch_ends_with_norm and spec.norm == "batch":
            chain.put("downsample.1", "bn")
    elif reshapes:
        chain.put("downsample", "pad", channels, kernel=1, stride=stride)
