"""The receptive field of each block by formula: the pixels on which a value of its output can depend. No torch.

Araujo, Norris and Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill,
doi:10.23915/distill.00021: along one axis a layer with kernel k, stride s and padding p widens the field of what it
reads by k - 1 of its steps, ``r + (k - 1) j``, and takes s times as long steps, ``s j``; where paths join, the field is
the union of theirs. So the shortcut narrows nothing, and a plain network has the same fields as its residual twin.

What averages over the whole map (squeeze-and-excitation, the head) sees all of the image. Normalisation is left out, as
in the paper: BatchNorm at inference and a value's own place change nothing, its statistics in training mode, and
GroupNorm's always, are of everything.
"""

from typing import NamedTuple

from resnet_core.body import Body
from resnet_core.layer import INPUT
from resnet_core.operators import OPERATORS
from resnet_core.plan import Plan


class Box(NamedTuple):
    """Pixels of an image: rows from ``top`` to before ``bottom``, columns from ``left`` to before ``right``."""

    top: int
    left: int
    bottom: int
    right: int


class Field(NamedTuple):
    """The receptive field of a map's values along either axis, in pixels of the image.

    The value of number i, from 0, depends on the pixels from ``start + i * stride`` on, ``size`` of them; some of them
    may lie outside, where the padding is. ``whole``: on all of the image, whatever the numbers say.
    """

    start: int = 0
    size: int = 1
    stride: int = 1
    whole: bool = False

    def through(self, kernel: int, stride: int, padding: int) -> "Field":
        """The field behind a layer that reads this."""
        return Field(
            self.start - padding * self.stride, self.size + (kernel - 1) * self.stride, self.stride * stride, self.whole
        )

    def joined(self, other: "Field") -> "Field":
        """The union with another path's."""
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        return Field(start, end - start, min(self.stride, other.stride), self.whole or other.whole)

    def box(self, row: int, column: int, height: int, width: int) -> Box:
        """The pixels of an image of ``height`` and ``width`` on which the value at a row and column depends."""
        if self.whole:
            return Box(0, 0, height, width)
        (top, bottom), (left, right) = (
            (max(0, first), min(side, first + self.size))
            for first, side in ((self.start + row * self.stride, height), (self.start + column * self.stride, width))
        )
        return Box(top, left, bottom, right)


def layer_fields(body: Body, given: Field) -> dict[str, Field]:
    """The field of what each layer of a body puts out, by its name; ``given`` is that of what comes in."""
    known = {INPUT: given}
    for layer in body.layers:
        first, *others = (known[name] for name in layer.inputs)
        for other in others:
            first = first.joined(other)
        if OPERATORS[layer.op].whole_map:
            first = first._replace(whole=True)
        else:
            first = first.through(layer.kernel, layer.stride, layer.padding)
        known[layer.name] = first
    return known


def receptive_fields(plan: Plan) -> tuple[Field, ...]:
    """The field of what each block puts out, from the first block to the last."""
    field = layer_fields(plan.stem, Field())[plan.stem.layers[-1].name]
    fields = []
    for unit in plan.units:
        field = layer_fields(unit.body, field)[unit.body.layers[-1].name]
        fields.append(field)
    return tuple(fields)
