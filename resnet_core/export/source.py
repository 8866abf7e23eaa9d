"""A network as standalone PyTorch source that needs only torch. Text out of the plan; no torch here.

The text is what one would write by hand for this one network: blocks with their layers and a forward that reads like
the paper, the stages as rows of blocks, and nothing for what this network does not use. Its parameters have the names
of :mod:`resnet_core.model`, which are torchvision's, and its operators come in the same order, so a ``state_dict``
passes both ways and the outputs are the same.
"""

from collections import Counter
from importlib.metadata import version

from resnet_core.cost.ledger import Ledger, count
from resnet_core.export.block_source import block_classes, stage_lines
from resnet_core.export.forward_source import statements
from resnet_core.export.module_source import layer_source, made, used_classes
from resnet_core.export.text import broken, indent, paragraph
from resnet_core.fields import shown
from resnet_core.layer import Layer, Shape
from resnet_core.papers import RESNET_2015
from resnet_core.plan import Plan
from resnet_core.presets import preset_named_by, presets
from resnet_core.spec import ArchSpec


def source(spec: ArchSpec, name: str = "") -> str:
    """The Python text of the network: a module with the class ``ResNet``, which takes no arguments.

    ``name`` stands in the first line; by default it is the preset's, if the specification is one.
    """
    ledger = count(spec)
    layers = ledger.plan
    classes = block_classes(layers)
    own = used_classes(layers)
    often = Counter(classes[id(unit.body)] for unit in layers.units)
    blocks = [one.source() for one, _ in often.most_common()]
    parts = [_imports(own), *own, *blocks, _network(ledger, stage_lines(layers, classes)), _main(spec)]
    return _docstring(ledger, name) + "\n" + "\n\n\n".join(parts) + "\n"


def _docstring(ledger: Ledger, name: str) -> str:
    spec = ledger.plan.spec
    known = preset_named_by(spec)
    kind = "residual network" if spec.skip else "plain network, without shortcuts,"
    title = " ".join(name.replace("\\", "").replace('"', "'").split()) or known  # it stands in a docstring
    called = f"{title}: a" if title else "A"
    fields = ", ".join(f"{field}={shown(value)}" for field, (_, value) in ArchSpec().differences(spec).items())
    paragraphs = [
        f"{called} {kind} of {spec.depth} weight layers, in PyTorch alone.",
        f"{ledger.params:,} parameters; {ledger.macs:,} multiply-adds for one image of "
        f"{_times(ledger.plan.stem.in_shape)} (convolutions and the fully-connected layer).",
        f"Sources: {', '.join([RESNET_2015, *spec.sources()])}.",
        f"Written by ResNet Explorer {version('resnet-explorer')} from "
        + (f"its preset {known} ({presets()[known].source})." if known else f"the fields {fields or 'of its default'}.")
        + " Parameter names are torchvision's. The first weights have the distribution of ResNet Explorer's, not the "
        "same numbers: its state_dict carries those.",
    ]
    return '"""' + "\n\n".join(paragraph(text) for text in paragraphs) + '\n"""\n'


def _imports(own: list[str]) -> str:
    lines = ["import torch", "from torch import Tensor, nn"]
    needed = any("functional." in text for text in own)
    return "\n".join([*lines, "from torch.nn import functional"] if needed else lines)


def _network(ledger: Ledger, stages: list[str]) -> str:
    layers = ledger.plan
    image, classes = layers.stem.in_shape, layers.head.out_shape[0]
    body = [*_made(layers.stem.layers), *stages, *_made(layers.head.layers)]
    body += [
        "for module in self.modules():  # arXiv:1502.01852; the rest starts as PyTorch makes it",
        "    if isinstance(module, nn.Conv2d):",
        '        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")',
    ]
    lines = [
        "class ResNet(nn.Module):",
        f'    """Images (N, {", ".join(map(str, image))}) to class scores (N, {classes}), before any softmax."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        *indent(body, 2),
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        *indent(_forward(layers), 2),
    ]
    return "\n".join(broken(lines))


def _made(layers: tuple[Layer, ...]) -> list[str]:
    return made(layers, {layer.name: layer_source(layer) for layer in layers})


def _forward(layers: Plan) -> list[str]:
    """The way of the image, with the shape behind each step."""
    last_units = {unit.stage: unit for unit in layers.units}
    *before, result = statements(layers.head.layers)
    steps = [(one.expression, one.shape) for one in statements(layers.stem.layers)]
    steps += [(f"self.layer{stage}(x)", unit.body.out_shape) for stage, unit in last_units.items()]
    steps += [(one.expression, one.shape) for one in before]
    return [*(f"x = {call}  # {_times(shape)}" for call, shape in steps), f"return {result.expression}"]


def _main(spec: ArchSpec) -> str:
    shape = ", ".join(map(str, (1, spec.in_channels, *spec.image_shape)))
    return "\n".join([
        'if __name__ == "__main__":',
        "    network = ResNet().eval()",
        "    with torch.no_grad():",
        f"        scores = network(torch.zeros({shape}))",
        "    params = sum(parameter.numel() for parameter in network.parameters())",
        '    print(f"{params:,} parameters; scores {tuple(scores.shape)}")',
    ])  # fmt: skip


def _times(shape: Shape) -> str:
    return "x".join(map(str, shape))
