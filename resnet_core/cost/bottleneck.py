"""The bottleneck's arithmetic (arXiv:1512.03385, Figure 5), and the shorthand by which it is often told."""

from typing import NamedTuple


class Conv(NamedTuple):
    """A square convolution without bias."""

    kernel: int
    inputs: int
    outputs: int

    @property
    def weights(self) -> int:
        """Every multiply weight of the layer."""
        return self.kernel * self.kernel * self.inputs * self.outputs

    @property
    def shorthand(self) -> int:
        """The weights that meet ONE input channel: kernel area times output channels. It leaves the inputs out."""
        return self.kernel * self.kernel * self.outputs


class Design(NamedTuple):
    """The convolutions of one block on one map."""

    convs: tuple[Conv, ...]
    map_size: int

    @property
    def weights(self) -> int:
        """Multiply weights of the block."""
        return sum(conv.weights for conv in self.convs)

    @property
    def shorthand(self) -> int:
        """The shorthand of the block: 1152 and 896 in the well-known example."""
        return sum(conv.shorthand for conv in self.convs)

    @property
    def macs(self) -> int:
        """Multiply-adds for one image: each weight once for every pixel."""
        return self.weights * self.map_size**2


class Comparison(NamedTuple):
    """The two designs of Figure 5, and what the bottleneck stands for: two 3x3 on the same wide channels."""

    narrow: Design
    bottleneck: Design
    wide: Design


def compare(narrow: int = 64, wide: int = 256, map_size: int = 56) -> Comparison:
    """The three designs. The paper's numbers are the defaults."""
    basic = (Conv(3, narrow, narrow), Conv(3, narrow, narrow))
    bottleneck = (Conv(1, wide, narrow), Conv(3, narrow, narrow), Conv(1, narrow, wide))
    basic_wide = (Conv(3, wide, wide), Conv(3, wide, wide))
    return Comparison(*(Design(convs, map_size) for convs in (basic, bottleneck, basic_wide)))
