"""A network as standalone PyTorch source that needs only torch. Text out of the plan; no torch here.

The text is what one would write by hand for this one network: a block with its layers and a forward that reads like
the paper, the stages in a table, and nothing for what this network does not use. Its parameters have the names of
:mod:`resnet_core.model`, which are torchvision's, and its operators come in the same order, so a ``state_dict`` passes
both ways and the outputs are the same.
"""

from importlib.metadata import version

from resnet_core.cost.ledger import Ledger, count
from resnet_core.export.block_source import BlockSource
from resnet_core.export.layer_source import layer_source
from resnet_core.export.text import indent, paragraph
from resnet_core.fields import to_text
from resnet_core.plan import Plan, Shape
from resnet_core.presets import RESNET_2015, RESNET_2016, preset_named_by, presets
from resnet_core.spec import ArchSpec

RESNEXT = "arXiv:1611.05431"
WIDE = "arXiv:1605.07146"
ZERO_INIT = "arXiv:1706.02677"


def source(spec: ArchSpec, name: str = "") -> str:
    """The Python text of the network: a module with the class ``ResNet``, which takes no arguments.

    ``name`` stands in the first line; by default it is the preset's, if the specification is one.
    """
    ledger = count(spec)
    block = BlockSource(ledger.plan)
    parts = [_imports(block), block.shortcut_class(), block.block_class(), block.stage_function()]
    parts += [_network(ledger, block), _main(spec)]
    return _docstring(ledger, name) + "\n" + "\n\n\n".join(part for part in parts if part) + "\n"


def _docstring(ledger: Ledger, name: str) -> str:
    spec = ledger.plan.spec
    known = preset_named_by(spec)
    kind = "residual network" if spec.skip else "plain network, without shortcuts,"
    title = " ".join(name.replace("\\", "").replace('"', "'").split()) or known  # it stands in a docstring
    called = f"{title}: a" if title else "A"
    fields = ", ".join(f"{field}={to_text(value)}" for field, (_, value) in ArchSpec().differences(spec).items())
    paragraphs = [
        f"{called} {kind} of {spec.depth} weight layers, in PyTorch alone.",
        f"{ledger.params:,} parameters; {ledger.macs:,} multiply-adds for one image of "
        f"{_times(ledger.plan.stem[0].in_shape)} (convolutions and the fully-connected layer).",
        f"Sources: {', '.join(_sources(spec))}.",
        f"Written by ResNet Explorer {version('resnet-explorer')} from "
        + (f"its preset {known} ({presets()[known].source})." if known else f"the fields {fields or 'of its default'}.")
        + " Parameter names are torchvision's. The first weights have the distribution of ResNet Explorer's, not the "
        "same numbers: its state_dict carries those.",
    ]
    return '"""' + "\n\n".join(paragraph(text) for text in paragraphs) + '\n"""\n'


def _sources(spec: ArchSpec) -> list[str]:
    """The papers whose designs this network takes up."""
    found = [RESNET_2015]
    if spec.ordering != "original" or spec.shortcut != "identity":
        found.append(RESNET_2016)
    if spec.block == "bottleneck" and spec.groups > 1:
        found.append(RESNEXT)
    if spec.block == "bottleneck" and spec.groups == 1 and spec.width_per_group != 64:
        found.append(WIDE)
    if spec.zero_init_residual:
        found.append(ZERO_INIT)
    return found


def _imports(block: BlockSource) -> str:
    lines = ["import torch", "from torch import Tensor, nn"]
    return "\n".join([*lines, "from torch.nn import functional as F"] if block.pads else lines)


def _network(ledger: Ledger, block: BlockSource) -> str:
    layers = ledger.plan
    image, classes = layers.stem[0].in_shape, layers.head[-1].out_shape[0]
    made = [f"self.{layer.name} = {layer_source(layer)}" for layer in layers.stem]
    made += block.stage_lines()
    made += [f"self.{layer.name} = {layer_source(layer)}" for layer in layers.head]
    made += [
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
        *indent(made, 2),
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        *indent(_forward(layers), 2),
    ]
    return "\n".join(lines)


def _forward(layers: Plan) -> list[str]:
    """The way of the image, with the shape behind each stage."""
    stem = _calls([layer.name for layer in layers.stem if layer.op != "maxpool"], "x")
    steps = [(stem, next(layer for layer in reversed(layers.stem) if layer.op != "maxpool").out_shape)]
    steps += [(f"self.{layer.name}(x)", layer.out_shape) for layer in layers.stem if layer.op == "maxpool"]
    last_units = {unit.stage: unit for unit in layers.units}
    steps += [(f"self.layer{stage}(x)", unit.body.out_shape) for stage, unit in last_units.items()]
    *activation, pool, fc = [layer.name for layer in layers.head]
    if activation:
        steps.append((_calls(activation, "x"), layers.head[-2].in_shape))
    lines = [f"x = {call}  # {_times(shape)}" for call, shape in steps]
    return [*lines, f"return self.{fc}(self.{pool}(x).flatten(1))"]


def _calls(names: list[str], argument: str) -> str:
    for name in names:
        argument = f"self.{name}({argument})"
    return argument


def _main(spec: ArchSpec) -> str:
    shape = f"1, {spec.in_channels}, {spec.image_size}, {spec.image_size}"
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
