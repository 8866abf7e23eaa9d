"""One layer as the call that makes its module."""

from resnet_core.plan import Layer
from resnet_core.presets import RESNET_2015

ZERO_PAD = f'''class ZeroPadShortcut(nn.Module):
    """Option A of {RESNET_2015}, section 3.3: each stride-th pixel, zeros for added channels."""

    def __init__(self, stride: int, added: int) -> None:
        super().__init__()
        self.stride, self.added = stride, added

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))'''


def layer_source(layer: Layer, inputs: str = "", outputs: str = "", stride: str = "") -> str:
    """The constructor's call; ``inputs``, ``outputs`` and ``stride`` may be names instead of this layer's numbers."""
    taken, given = inputs or str(layer.in_shape[0]), outputs or str(layer.out_shape[0])
    match layer.op:
        case "conv":
            step = stride or (str(layer.stride) if layer.stride > 1 else "")
            options = [f"stride={step}"] if step else []
            options += [f"padding={layer.padding}"] if layer.padding else []
            options += [f"groups={layer.groups}"] if layer.groups > 1 else []
            options += [] if layer.bias else ["bias=False"]
            return f"nn.Conv2d({', '.join([taken, given, str(layer.kernel), *options])})"
        case "bn":
            return f"nn.BatchNorm2d({taken})"
        case "relu":
            return "nn.ReLU()"
        case "maxpool":
            return f"nn.MaxPool2d({layer.kernel}, stride={layer.stride}, padding={layer.padding})"
        case "avgpool":
            return "nn.AdaptiveAvgPool2d(1)"
        case "fc":
            return f"nn.Linear({taken}, {given})"
        case "pad":
            return f"ZeroPadShortcut({stride or layer.stride}, {given} - {taken})"
        case "sigmoid":
            return "nn.Sigmoid()"
        case "dropout":
            return f"nn.Dropout({layer.value})"
        case "scale" | "add" | "multiply":
            raise ValueError(f"{layer.name} is no module of the source: it stands in a forward")
