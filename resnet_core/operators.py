"""The operators: one row says everything that is known of one. No torch here.

How its module is made, what it computes, how it is counted and by which class of operations, what automatic
differentiation keeps for it, how it is drawn and said, and what the counting tools make of it. The model, the ledger,
the memory estimate, the exported source, the drawings and the reconciliation walk the plan and ask this table for all
that is computed, counted or kept; by name they know an operator only where a line of source or a drawing is laid out.
So a new operator is a row, and one without a row is a ``KeyError`` in all of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from resnet_core.errors import N_
from resnet_core.layer import Layer, Op, size

OperationClass = Literal["weights", "bias", "norm", "relu", "pool", "add", "shortcut"]


class Channels(int):
    """A number of channels, for which the source of a block may write a name."""


class Call(NamedTuple):
    """The constructor of a module of ``torch.nn`` or of :mod:`resnet_core.model.modules`, with its arguments.

    The model calls it and the exported source writes it, there with names for the numbers in which blocks differ.
    """

    name: str
    arguments: tuple[int | float, ...] = ()
    options: Mapping[str, Any] = {}


class Counted(NamedTuple):
    """One summand of a tool's total: ``factor`` for each of what ``of`` names. ``meaning`` is a message id."""

    meaning: str
    of: Literal["input elements", "params"]
    factor: int = 1


class Operator(NamedTuple):
    """One row. ``title`` is a message id, as are the words of ``label``.

    ``expression``: what it puts out, as Python in the places ``{0}``, ``{1}`` for what it reads, ``{module}`` and
    ``{value}``; the model evaluates the very text that the exported source contains. ``label``: how a drawing says it,
    a word to translate and the notation behind it. ``symbol``: how an equation says it; ``weighs``: it
    weighs the branch as a whole, so that an equation writes it in front of F(x).

    ``weights``: factors whose product is the number of weights; ``macs_per_weight``: how often each is multiplied, for
    each output pixel, once, or never. ``price``: operations for each element under a convention that counts its
    ``group``; ``over_input``: its elements are those that it takes in, not those that it puts out. ``whole_map``: each
    number that it puts out depends on all of the map. ``statistics``: numbers that are kept beside the weights.

    ``keeps``: the indices of the inputs that backward needs again; ``keeps_output``: whether it needs what came out;
    ``keeps_more`` and ``keeps_indices``: further floats, and whole numbers of 64 bits. ``passes_gradient``: backward
    hands on the gradient that it gets and makes no tensor; ``passes_at_inference``: so does the forward pass outside
    training with what it reads. ``scratch``: floats of a tensor that it makes besides and lets go. Each was measured on
    torch 2.13.

    ``tools``: what a counting tool adds for it, by the tool's name.
    """

    title: str
    expression: str
    label: Callable[[Layer], tuple[str, str]]
    group: OperationClass
    call: Callable[[Layer], Call] | None = None
    symbol: str = "{0}"
    weighs: bool = False
    weights: Callable[[Layer], tuple[int, ...]] | None = None
    macs_per_weight: Literal["pixel", "once", "never"] = "never"
    price: Callable[[Layer], int] = lambda _: 1
    over_input: bool = False
    whole_map: bool = False
    statistics: Callable[[Layer], int] = lambda _: 0
    keeps: tuple[int, ...] = ()
    keeps_output: bool = False
    keeps_more: Callable[[Layer], int] | None = None
    keeps_indices: Callable[[Layer], int] | None = None
    passes_gradient: bool = False
    passes_at_inference: bool = False
    scratch: Callable[[Layer], int] | None = None
    tools: Mapping[str, Counted] = {}


APPLY = "{module}({0})"


def _conv(layer: Layer) -> Call:
    options = {
        "stride": layer.stride, "padding": layer.padding, "groups": layer.groups, "bias": layer.bias,
    }  # fmt: skip
    usual = {"stride": 1, "padding": 0, "groups": 1, "bias": True}
    told = {name: value for name, value in options.items() if value != usual[name]}
    return Call("Conv2d", (*_channels(layer), layer.kernel), told)


def _channels(layer: Layer) -> tuple[Channels, Channels]:
    return Channels(layer.in_shape[0]), Channels(layer.out_shape[0])


def _says_conv(layer: Layer) -> tuple[str, str]:
    groups = f", g={layer.groups}" if layer.groups > 1 else ""
    return "", f"{layer.kernel}×{layer.kernel}, {layer.in_shape[0]}→{layer.out_shape[0]}{_says_stride(layer)}{groups}"


def _says_stride(layer: Layer) -> str:
    return f", /{layer.stride}" if layer.stride > 1 else ""


def _says_window(layer: Layer) -> str:
    return f" {layer.kernel}×{layer.kernel}{_says_stride(layer)}"


def _conv_weights(layer: Layer) -> tuple[int, ...]:
    return layer.kernel, layer.kernel, layer.in_shape[0] // layer.groups, layer.out_shape[0]


def _scale_and_shift(layer: Layer) -> tuple[int, ...]:
    return 2, layer.in_shape[0]


def _put_out(layer: Layer) -> int:
    return size(layer.out_shape)


NORM_PARAMETERS = N_("each parameter of a normalisation once, whatever the map")

OPERATORS: dict[Op, Operator] = {
    "conv": Operator(
        N_("convolution"), APPLY, _says_conv, "weights",
        symbol="Wₛ{0}", call=_conv, weights=_conv_weights, macs_per_weight="pixel", keeps=(0,),
    ),
    "fc": Operator(
        N_("fully-connected"), "{module}({0}.flatten(1))", lambda layer: ("", "{}→{}".format(*_channels(layer))),
        "weights", call=lambda layer: Call("Linear", _channels(layer)),
        weights=lambda layer: (layer.in_shape[0], layer.out_shape[0]), macs_per_weight="once", keeps=(0,),
    ),
    "bn": Operator(
        N_("BatchNorm"), APPLY, lambda _: ("", "BatchNorm"), "norm", symbol="BN({0})",
        call=lambda layer: Call("BatchNorm2d", _channels(layer)[:1]),
        weights=_scale_and_shift, statistics=lambda layer: 2 * layer.in_shape[0], price=lambda _: 2, keeps=(0,),
        tools={
            "fvcore": Counted(N_("BatchNorm, two for each element"), "input elements", 2),
            "torchinfo": Counted(NORM_PARAMETERS, "params"),
        },
    ),
    # Wu and He 2018, arXiv:1803.08494. It measures mean and variance anew for each image, also at inference: five
    # operations for each element (fvcore's count), and backward keeps both numbers for each group.
    "gn": Operator(
        N_("GroupNorm"), APPLY, lambda layer: ("", f"GroupNorm, g={layer.groups}"), "norm", symbol="GN({0})",
        call=lambda layer: Call("GroupNorm", (layer.groups, _channels(layer)[0])),
        weights=_scale_and_shift, price=lambda _: 5, keeps=(0,), keeps_more=lambda layer: 2 * layer.groups,
        tools={
            "fvcore": Counted(N_("GroupNorm, five for each element"), "input elements", 5),
            "torchinfo": Counted(NORM_PARAMETERS, "params"),
        },
    ),
    "relu": Operator(
        N_("ReLU"), APPLY, lambda _: ("", "ReLU"), "relu", symbol="ReLU({0})",
        call=lambda _: Call("ReLU"), keeps_output=True,
    ),
    "maxpool": Operator(
        N_("max-pooling"), APPLY, lambda layer: (N_("max-pool"), _says_window(layer)), "pool",
        call=lambda layer: Call("MaxPool2d", (layer.kernel,), {"stride": layer.stride, "padding": layer.padding}),
        price=lambda layer: layer.kernel**2 - 1, keeps=(0,), keeps_indices=_put_out,
    ),
    # He et al. 2019, arXiv:1812.01187, Figure 2c: in front of the projection, so that no value is passed over. At an
    # odd edge it takes in what is there.
    "meanpool": Operator(
        N_("average pooling"), APPLY, lambda layer: (N_("mean"), _says_window(layer)), "pool", symbol="avg({0})",
        call=lambda layer: Call("AvgPool2d", (layer.stride,), {"ceil_mode": True, "count_include_pad": False}),
        over_input=True, keeps=(0,),
    ),
    "avgpool": Operator(
        N_("average pooling"), APPLY, lambda _: (N_("mean"), ""), "pool",
        call=lambda _: Call("AdaptiveAvgPool2d", (1,)), over_input=True, whole_map=True,
        tools={"fvcore": Counted(N_("average pool, one for each element"), "input elements")},
    ),
    "pad": Operator(
        N_("zero-padding"), APPLY, lambda layer: (N_("zero-pad"), _says_stride(layer)), "shortcut", symbol="pad({0})",
        call=lambda layer: Call("ZeroPadShortcut", _channels(layer), {"stride": layer.stride}),
        price=lambda _: 0,
    ),
    "add": Operator(N_("addition"), "{0} + {1}", lambda _: ("", "+"), "add", symbol="{0} + {1}", passes_gradient=True),
    "scale": Operator(
        N_("scaling"), "{value} * {0}", lambda layer: ("", f"× {layer.value:g}"), "shortcut",
        symbol="{value}·{0}", weighs=True,
    ),
    "learned_scale": Operator(
        N_("learned scaling"), APPLY, lambda _: ("", "× α"), "shortcut", symbol="α·{0}", weighs=True,
        call=lambda layer: Call("LearnedScale", (layer.value,)), weights=lambda _: (1,), keeps=(0,),
        tools={"torchinfo": Counted(N_("each learned scale once"), "params")},
    ),
    "dropout": Operator(
        N_("dropout"), APPLY, lambda layer: (N_("dropout"), f" {layer.value:g}"), "shortcut", symbol="dropout({0})",
        call=lambda layer: Call("Dropout", (layer.value,)), price=lambda _: 0, keeps_more=_put_out,
        passes_at_inference=True,
    ),
    "stochastic_depth": Operator(
        N_("stochastic depth"), APPLY, lambda layer: ("", f"× b, p={layer.value:.3g}"), "shortcut",
        symbol="b·{0}", weighs=True, call=lambda layer: Call("StochasticDepth", (layer.value,)),
    ),
    "sigmoid": Operator(
        N_("sigmoid"), APPLY, lambda _: ("", "σ"), "shortcut",
        call=lambda _: Call("Sigmoid"), price=lambda _: 4, keeps_output=True,
    ),
    "multiply": Operator(
        N_("product"), "{0} * {1}", lambda layer: ("", "× s" if layer.part == "attention" else "× g"), "shortcut",
        symbol="g·{1}", weighs=True, keeps=(0, 1),
    ),
    # What the gate leaves to the shortcut, (1 - g) x: the "carry" of a highway network (arXiv:1505.00387). Backward
    # keeps x and the new tensor 1 - g.
    "carry": Operator(
        N_("product"), "(1 - {0}) * {1}", lambda _: ("", "× (1 − g)"), "shortcut",
        symbol="(1−g)·{1}", price=lambda _: 2, keeps=(1,), keeps_more=_put_out, scratch=_put_out,
    ),
}  # fmt: skip
