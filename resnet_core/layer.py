"""One operator in its place: what it is, its shapes, and what it reads. No tensors, no torch."""

from typing import Any, Literal, NamedTuple

Op = Literal[
    "conv", "bn", "gn", "relu", "maxpool", "meanpool", "avgpool", "fc", "pad", "add", "scale", "learned_scale",
    "dropout", "stochastic_depth", "sigmoid", "multiply", "carry",
]  # fmt: skip
Part = Literal["stem", "entry", "branch", "attention", "shortcut", "gate", "add", "exit", "head"]
Shape = tuple[int, int, int]  # (C, H, W) of one image

INPUT = "x"  # what a block takes in, as its layers name it


class Layer(NamedTuple):
    """One operator. Inside a :class:`~resnet_core.body.Body` its name is relative to the block (``conv1``).

    ``inputs`` names what it reads, in the order in which its operator takes it: layers of the same body, or
    :data:`INPUT`; ``in_shapes`` are their shapes. ``part`` is for words, drawings and the lines of the exported source:
    no count and no computation depends on it. ``value`` is the factor of a scale, the rate of a dropout, the chance to
    stay of a stochastic depth, the first value of a learned scale and of a convolution's bias.
    """

    name: str
    op: Op
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    kernel: int
    stride: int
    padding: int
    groups: int
    part: Part
    bias: bool = False
    value: float = 0.0
    inputs: tuple[str, ...] = (INPUT,)
    stage: int = 0  # counts from 1; 0 outside the stages
    block: int = 0

    @property
    def in_shape(self) -> Shape:
        """The shape of the first that it reads."""
        return self.in_shapes[0]

    @property
    def form(self) -> tuple[Any, ...]:
        """Everything that gives it its weights and its cost, in which alike layers agree: not its constant."""
        return (*self[1:8], self.bias)


def size(shape: Shape) -> int:
    """How many numbers a tensor of this shape holds."""
    channels, height, width = shape
    return channels * height * width
