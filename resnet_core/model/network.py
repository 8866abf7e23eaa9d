"""The network of a plan as a ``torch.nn.Module``: torchvision's names, no in-place operators.

In-place ReLU or ``+=`` would let a forward hook see rectified values and make backward hooks raise, so that nothing
that is measured on the module could be trusted.

Stem, blocks and head are computed alike, by a walk over the layers of their body (:func:`interpret`), so the module
knows no more of the data flow than the plan says.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from resnet_core.body import Body
from resnet_core.cost.ledger import count
from resnet_core.cost.memory import refuse_if_too_many
from resnet_core.errors import N_, Refusal
from resnet_core.layer import INPUT, Layer, size
from resnet_core.model import modules
from resnet_core.model.initialisation import initialise
from resnet_core.operators import APPLY, OPERATORS, Channels
from resnet_core.plan import Plan, Unit, plan
from resnet_core.spec import ArchSpec

Run = Callable[[Layer, Callable[[], Tensor]], Tensor]


class Step(NamedTuple):
    """A layer ready to be computed: what does it, whose values it takes, and which nobody needs after it."""

    layer: Layer
    compute: Callable[..., Tensor]
    reads: tuple[str, ...]
    done_with: tuple[str, ...]


def interpret(steps: Sequence[Step], x: Tensor, run: Run | None = None) -> Tensor:
    """The layers of a body in their order, from its input to its result.

    ``run(layer, work)`` stands around each layer where it is given, and returns what ``work()`` does. A value is let go
    as soon as its last reader has it; the input stays with who called.
    """
    values = {INPUT: x}
    for layer, compute, reads, done_with in steps:
        taken = [values[name] for name in reads]
        for name in done_with:
            del values[name]
        values[layer.name] = run(layer, partial(compute, *taken)) if run else compute(*taken)
    (result,) = values.values()
    return result


def _steps(parent: nn.Module, body: Body) -> tuple[Step, ...]:
    """The steps of a body, whose modules become ``parent``'s under the names of their layers."""
    last_reader = {name: layer.name for layer in body.layers for name in layer.inputs}
    return tuple(
        Step(
            layer,
            _computation(layer, _register(parent, layer)),
            layer.inputs,
            tuple(name for name in dict.fromkeys(layer.inputs) if last_reader[name] == layer.name),
        )
        for layer in body.layers
    )


def _register(parent: nn.Module, layer: Layer) -> nn.Module | None:
    """The layer's module under its name, if its operator has one; ``downsample.0`` goes into a Sequential."""
    call = OPERATORS[layer.op].call
    if call is None:
        return None
    name, arguments, options = call(layer)
    plain = [int(value) if isinstance(value, Channels) else value for value in arguments]
    module: nn.Module = getattr(modules if hasattr(modules, name) else nn, name)(*plain, **options)
    path, _, last = layer.name.rpartition(".")
    if path and not hasattr(parent, path):
        parent.add_module(path, nn.Sequential())
    parent.get_submodule(path).add_module(last, module)
    return module


def _computation(layer: Layer, module: nn.Module | None) -> Callable[..., Tensor]:
    """The operator's expression as a function of what the layer reads."""
    expression = OPERATORS[layer.op].expression
    if expression == APPLY and module is not None:
        return module
    return partial(_function(expression.format("a", "b", module="module", value="value")), module, layer.value)


@lru_cache
def _function(expression: str) -> Callable[..., Tensor]:
    # The very text that the exported source contains; it comes from the table of operators and from nowhere else.
    function: Callable[..., Tensor] = eval(f"lambda module, value, a, b=None: {expression}")
    return function


class ResidualUnit(nn.Module):
    """One block, H(x) = F(x) + x (arXiv:1512.03385, equation 1), or its plain twin H(x) = F(x).

    Shape: ``(N, *body.in_shape)`` to ``(N, *body.out_shape)``.
    """

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self.steps = _steps(self, unit.body)

    def forward(self, x: Tensor) -> Tensor:
        """What the last layer of the block puts out."""
        return interpret(self.steps, x)


class ResNet(nn.Module):
    """The network of ``layers``. Shape: ``(N, in_channels, H, W)`` to ``(N, num_classes)``."""

    def __init__(self, layers: Plan) -> None:
        super().__init__()
        self.spec = layers.spec
        self._stem = _steps(self, layers.stem)
        units = []
        for planned in layers.units:
            stage = f"layer{planned.stage}"
            if not hasattr(self, stage):
                self.add_module(stage, nn.Sequential())
            unit = ResidualUnit(planned)
            self.get_submodule(stage).add_module(str(planned.block - 1), unit)
            units.append(unit)
        self.units = tuple(units)  # a plain tuple: the stages own them
        self.unit_names = tuple(planned.name for planned in layers.units)
        self._head = _steps(self, layers.head)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores, before any softmax."""
        x = interpret(self._stem, x)
        for unit in self.units:
            x = unit(x)
        return interpret(self._head, x)

    def replay(self, x: Tensor, run: Run) -> Tensor:
        """The same pass, one layer at a time, each through ``run(layer, work)``: the same scores to the bit."""
        for steps in (self._stem, *(unit.steps for unit in self.units), self._head):
            x = interpret(steps, x, run)
        return x


def build(spec: ArchSpec, seed: int = 0) -> ResNet:
    """The network that ``spec`` describes, on the CPU, its first weights drawn from ``seed``.

    A network of more than 10^9 parameters is refused before anything is allocated, and one that no image could pass.
    """
    refuse_if_too_many(count(spec))
    layers = plan(spec)
    _refuse_lonely_groups(layers)
    with torch.device("meta"):  # the weights are drawn once, by initialise, not a first time by each constructor
        model = ResNet(layers)
    _allocate(model)
    initialise(model, layers, seed)
    return model


def _refuse_lonely_groups(layers: Plan) -> None:
    """A group of a single number is its own mean, so that GroupNorm puts out zeros; PyTorch takes no such image."""
    for layer in layers:
        if layer.op == "gn" and size(layer.in_shape) == layer.groups:
            raise Refusal(
                N_("{layer} would normalise {groups} groups of a single number each, for its map is 1x1: all would "
                   "become 0. Larger images, more channels or BatchNorm help."),
                field="norm", layer=layer.name, groups=layer.groups,
            )  # fmt: skip


def _allocate(model: nn.Module) -> None:
    """Memory for what has none yet. ``to_empty`` would do, but it imports sympy for the shapes: half a second."""
    for module in model.modules():
        for name, weight in module.named_parameters(recurse=False):
            module.register_parameter(name, nn.Parameter(torch.empty(weight.shape)))
        for name, buffer in module.named_buffers(recurse=False):
            module.register_buffer(name, torch.empty(buffer.shape, dtype=buffer.dtype))
