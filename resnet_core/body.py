"""A body: layers in the order in which they are computed, and how one is written down. No torch here."""

from typing import NamedTuple

from resnet_core.layer import INPUT, Layer, Op, Part, Shape
from resnet_core.operators import OPERATORS
from resnet_core.spec import ArchSpec

MOST_GROUPS = 32  # of a GroupNorm: arXiv:1803.08494, section 3.1


class Body(NamedTuple):
    """The layers of a block, of the stem or of the head, each behind all that it reads; the last puts out the result.

    Blocks that are alike share one body.
    """

    in_shape: Shape
    layers: tuple[Layer, ...]

    @property
    def out_shape(self) -> Shape:
        """What the last layer puts out."""
        return self.layers[-1].out_shape

    @property
    def addition(self) -> Layer | None:
        """Where the shortcut joins; None in a plain block."""
        return next((layer for layer in self.layers if layer.op == "add"), None)

    @property
    def closing_norm(self) -> str:
        """The normalisation that ends the branch."""
        return [layer.name for layer in self.part("branch") if OPERATORS[layer.op].group == "norm"][-1]

    def part(self, *parts: Part) -> tuple[Layer, ...]:
        """The layers of some parts, in their order."""
        return tuple(layer for layer in self.layers if layer.part in parts)


class Writer:
    """Lists layers one after the other. ``at`` is where the path that is being written stands."""

    def __init__(self, shape: Shape) -> None:
        self.in_shape, self.at = shape, INPUT
        self.layers: list[Layer] = []
        self.shapes = {INPUT: shape}

    def put(
        self, name: str, op: Op, part: Part, channels: int = 0, kernel: int = 1, stride: int = 1, padding: int = 0,
        groups: int = 1, bias: bool = False, value: float = 0.0, reads: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Append an operator that reads ``reads``, by default where the path stands, which it moves to its own output.

        It puts out ``channels`` channels (0: as many as it takes).
        """
        inputs = reads or (self.at,)
        taken = tuple([self.shapes[read] for read in inputs])
        c, h, w = taken[0]
        if op == "avgpool":  # over the whole map
            kernel, h, w = h, 1, 1
        elif op == "meanpool":
            h, w = -(-h // stride), -(-w // stride)
        elif kernel > 1 or stride > 1:
            h, w = (h + 2 * padding - kernel) // stride + 1, (w + 2 * padding - kernel) // stride + 1
        out = (channels or c, h, w)
        # As Layer(...), whose checks take as long as all the rest; a plan is made at every click.
        self.layers.append(
            tuple.__new__(
                Layer, (name, op, taken, out, kernel, stride, padding, groups, part, bias, value, inputs, 0, 0)
            )
        )
        self.shapes[name] = out
        self.at = name

    @property
    def shape(self) -> Shape:
        """The shape where the path stands."""
        return self.shapes[self.at]

    def done(self) -> Body:
        """What has been written."""
        return Body(self.in_shape, tuple(self.layers))


def activate(body: Writer, tokens: tuple[str, ...], number: int, part: Part, spec: ArchSpec) -> None:
    """The ``bn`` and ``relu`` of an ordering's row, under the number of their convolution."""
    for token in tokens:
        if token == "relu":
            body.put(f"relu{number}", "relu", part)
        else:
            normalise(body, f"bn{number}", part, spec)


def normalise(body: Writer, name: str, part: Part, spec: ArchSpec) -> None:
    """The normalisation, if the specification has one; its name is torchvision's, whichever it is."""
    if spec.norm == "batch":
        body.put(name, "bn", part)
    elif spec.norm == "group":
        channels = body.shape[0]
        # 32 groups, or one a channel where fewer; for other widths the most up to 32 that divide them.
        groups = max(n for n in range(1, MOST_GROUPS + 1) if channels % n == 0)
        body.put(name, "gn", part, groups=groups)
