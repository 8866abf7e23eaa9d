"""Every layer of a network with its shapes and with what it reads, derived from the specification alone. No torch.

A network is a row of bodies: the stem, one for each block, the head. A body lists its layers in the order in which they
are computed, and a layer names what it reads. That list is the only place that knows how the data flow. The ledger, the
memory estimate, the module, the roofline, the exported source and the drawings are walks over it, so they cannot
disagree.

What the interpreter of ``torch.fx`` (https://docs.pytorch.org/docs/stable/fx.html) taught: a graph needs no more than a
list in the order of execution whose nodes name their inputs. Any question to it is then one loop with a table of what
is known by name: shapes, sizes, who still needs a value, values themselves, text. Nothing here is traced: the plan
comes first and the module is made from it.

H(x) = F(x) + x (arXiv:1512.03385, equation 1) is what most bodies come to::

    x -> entry -+-> branch ---(*g)---> (+) -> exit -> H(x)
                +-> gate: g             ^
                +-> shortcut -(*(1-g))--+

Those words are the ``part`` of a layer, for readers. ``entry`` is empty but for a pre-activation that both paths share:
where the shape changes (arXiv:1603.05027, appendix). A block that is plain, or whose shortcut is cut, has no addition.
``gate`` is there for the two gated shortcuts of arXiv:1603.05027, Figure 2(c, d), ``attention`` within the branch.

Names are torchvision's (``conv1``, ``layer1.0.conv1``, ``layer2.0.downsample.0``, ``fc``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, overload

from resnet_core.block import block_body
from resnet_core.body import Body, Writer, normalise
from resnet_core.layer import Layer, Shape
from resnet_core.orderings import ORDERINGS, Ordering
from resnet_core.spec import ArchSpec


class Unit(NamedTuple):
    """One block in its place: a residual unit of the papers, or its plain twin."""

    name: str  # torchvision's: layer1.0 is the first block of the first stage
    stage: int
    block: int
    body: Body

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the body under their full names; what they read keeps its name within the block."""
        place = (self.stage, self.block)
        return tuple(Layer._make((f"{self.name}.{layer.name}", *layer[1:-2], *place)) for layer in self.body.layers)


@dataclass(frozen=True)
class Plan:
    """A network as a sequence of layers, and by its bodies."""

    spec: ArchSpec
    stem: Body
    units: tuple[Unit, ...]
    head: Body

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer in the order in which it is computed."""
        return (*self.stem.layers, *(layer for unit in self.units for layer in unit.layers), *self.head.layers)

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


def plan(spec: ArchSpec) -> Plan:
    """The layers of the network that ``spec`` describes (2015 paper, Figure 3, Table 1 and section 4.2)."""
    order = ORDERINGS[spec.ordering]
    stem = _stem(spec)
    shape = stem.out_shape
    units: list[Unit] = []
    alike = not (spec.cut or spec.stochastic_depth)  # most networks: nobody needs to ask for each block
    for stage, blocks in enumerate(spec.stages, start=1):
        bodies: dict[Any, Body] = {}
        for block in range(1, blocks + 1):
            number, first = len(units) + 1, block == 1
            # From the second block of a stage on, blocks are alike but for the other two.
            key = first if alike else (first, spec.has_shortcut(number), spec.stays(number))
            body = bodies.get(key)
            if body is None:
                residual, stays = spec.has_shortcut(number), spec.stays(number)
                body = bodies[key] = block_body(spec, order, stage, first, residual, stays, shape)
                shape = body.out_shape
            units.append(Unit(f"layer{stage}.{block - 1}", stage, block, body))
    return Plan(spec, stem, tuple(units), _head(spec, order, shape))


def _stem(spec: ArchSpec) -> Body:
    """The activation stands right after the first convolution in every ordering (2016 paper, appendix).

    ``deep`` is ResNet-C (He et al. 2019, arXiv:1812.01187, Figure 2b): three 3x3 in place of the 7x7.
    """
    stem = Writer((spec.in_channels, *spec.image_shape))
    width = spec.stem_channels
    if spec.stem == "deep":
        half = max(1, width // 2)
        for number, stride in ((0, 2), (3, 1)):
            stem.put(f"conv1.{number}", "conv", "stem", half, kernel=3, stride=stride, padding=1)
            normalise(stem, f"conv1.{number + 1}", "stem", spec)
            stem.put(f"conv1.{number + 2}", "relu", "stem")
        stem.put("conv1.6", "conv", "stem", width, kernel=3, padding=1)
    elif spec.stem == "imagenet":
        stem.put("conv1", "conv", "stem", width, kernel=7, stride=2, padding=3)
    else:
        stem.put("conv1", "conv", "stem", width, kernel=3, padding=1)
    normalise(stem, "bn1", "stem", spec)
    stem.put("relu", "relu", "stem")
    if spec.stem != "cifar":
        stem.put("maxpool", "maxpool", "stem", kernel=3, stride=2, padding=1)
    return stem.done()


def _head(spec: ArchSpec, order: Ordering, shape: Shape) -> Body:
    """What pre-activation leaves undone after the last addition, the average over the map, and the classifier."""
    head = Writer(shape)
    if "bn" in order.head:
        normalise(head, "bn_last", "head", spec)
    if "relu" in order.head:
        head.put("relu_last", "relu", "head")
    head.put("avgpool", "avgpool", "head")
    head.put("fc", "fc", "head", spec.num_classes, bias=True)
    return head.done()
