"""The network of a plan as a ``torch.nn.Module``: torchvision's names, no in-place operators.

In-place ReLU or ``+=`` would let a forward hook see rectified values and make backward hooks raise, so that nothing
that is measured on the module could be trusted.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_core.cost.ledger import count
from resnet_core.cost.memory import refuse_if_too_many
from resnet_core.model.initialisation import initialise
from resnet_core.plan import Layer, Plan, Unit, plan
from resnet_core.spec import ArchSpec


class ZeroPadShortcut(nn.Module):
    """Option A of arXiv:1512.03385, section 3.3: every ``stride``-th pixel, and zeros for the added channels.

    Shape: ``(N, C, H, W)`` to ``(N, C + added, ceil(H / stride), ceil(W / stride))``.
    """

    def __init__(self, stride: int, added: int) -> None:
        super().__init__()
        self.stride, self.added = stride, added

    def forward(self, x: Tensor) -> Tensor:
        """Subsample and pad; no weights take part."""
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))

    def extra_repr(self) -> str:
        """What ``print`` shows of it."""
        return f"stride={self.stride}, added={self.added}"


class Scale(nn.Module):
    """A constant factor (arXiv:1603.05027, Figure 2b). Shape: any, kept."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """The product."""
        return x * self.factor

    def extra_repr(self) -> str:
        """What ``print`` shows of it."""
        return f"{self.factor}"


def _module(layer: Layer) -> nn.Module:
    channels, outputs = layer.in_shape[0], layer.out_shape[0]
    match layer.op:
        case "conv":
            return nn.Conv2d(
                channels, outputs, layer.kernel, layer.stride, layer.padding, groups=layer.groups, bias=layer.bias
            )
        case "bn":
            return nn.BatchNorm2d(channels)
        case "relu":
            return nn.ReLU()
        case "maxpool":
            return nn.MaxPool2d(layer.kernel, layer.stride, layer.padding)
        case "avgpool":
            return nn.AdaptiveAvgPool2d(1)
        case "fc":
            return nn.Linear(channels, outputs)
        case "pad":
            return ZeroPadShortcut(layer.stride, outputs - channels)
        case "scale":
            return Scale(layer.value)
        case "dropout":
            return nn.Dropout(layer.value)
        case "sigmoid":
            return nn.Sigmoid()
        case "add" | "multiply":
            raise ValueError(f"{layer.name} has no module: it stands in ResidualUnit.forward")


def _register(parent: nn.Module, layers: tuple[Layer, ...]) -> tuple[nn.Module, ...]:
    """Give ``parent`` the modules of ``layers`` under their names; ``downsample.0`` goes into a Sequential."""
    modules = []
    for layer in layers:
        module = _module(layer)
        path, _, name = layer.name.rpartition(".")
        if path and not hasattr(parent, path):
            parent.add_module(path, nn.Sequential())
        parent.get_submodule(path).add_module(name, module)
        modules.append(module)
    return tuple(modules)


def _through(modules: tuple[nn.Module, ...], x: Tensor) -> Tensor:
    for module in modules:
        x = module(x)
    return x


class ResidualUnit(nn.Module):
    """One block, H(x) = F(x) + x (arXiv:1512.03385, equation 1), or its plain twin H(x) = F(x).

    Shape: ``(N, *body.in_shape)`` to ``(N, *body.out_shape)``.
    """

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        body = unit.body
        self.residual = body.add is not None
        self.exclusive = body.branch_product is not None
        self._entry = _register(self, body.entry)
        self._branch = _register(self, body.branch)
        self._gate = _register(self, body.gate)
        self._shortcut = _register(self, body.shortcut)
        self._exit = _register(self, body.exit)

    def forward(self, x: Tensor) -> Tensor:
        """F(x) + x where there is a shortcut; F(x) in a plain network."""
        x = _through(self._entry, x)
        out = _through(self._branch, x)
        if self.residual:
            carried = _through(self._shortcut, x)
            if self._gate:  # arXiv:1603.05027, section 3.1: g(x) F(x) + (1 - g(x)) x, or without the first g
                gate = _through(self._gate, x)
                carried = (1 - gate) * carried
                out = gate * out if self.exclusive else out
            out = out + carried
        return _through(self._exit, out)


class ResNet(nn.Module):
    """The network of ``layers``. Shape: ``(N, in_channels, H, W)`` to ``(N, num_classes)``."""

    def __init__(self, layers: Plan) -> None:
        super().__init__()
        self.spec = layers.spec
        self._stem = _register(self, layers.stem)
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
        *before, classifier = _register(self, layers.head)
        # In tuples: an attribute that is a module would put its weights into the state_dict a second time.
        self._head, self._classifier = tuple(before), (classifier,)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores, before any softmax."""
        x = _through(self._stem, x)
        x = _through(self.units, x)
        x = _through(self._head, x)
        return _through(self._classifier, torch.flatten(x, 1))


def build(spec: ArchSpec, seed: int = 0) -> ResNet:
    """The network that ``spec`` describes, on the CPU, its first weights drawn from ``seed``.

    A network of more than 10^9 parameters is refused before anything is allocated.
    """
    refuse_if_too_many(count(spec))
    layers = plan(spec)
    with torch.device("meta"):  # the weights are drawn once, by initialise, not a first time by each constructor
        model = ResNet(layers)
    _allocate(model)
    initialise(model, layers, seed)
    return model


def _allocate(model: nn.Module) -> None:
    """Memory for what has none yet. ``to_empty`` would do, but it imports sympy for the shapes: half a second."""
    for module in model.modules():
        for name, weight in module.named_parameters(recurse=False):
            module.register_parameter(name, nn.Parameter(torch.empty(weight.shape)))
        for name, buffer in module.named_buffers(recurse=False):
            module.register_buffer(name, torch.empty(buffer.shape, dtype=buffer.dtype))
