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
from resnet_core.export.module_source import layer_source, made, used_classes
from resnet_core.export.text import broken, indent, paragraph
from resnet_core.fields import to_text
from resnet_core.layer import Layer, Shape
from resnet_core.plan import Plan
from resnet_core.presets import RESNET_2015, RESNET_2016, preset_named_by, presets
from resnet_core.spec import ArchSpec

RESNEXT = "arXiv:1611.05431"
WIDE = "arXiv:1605.07146"
ZERO_INIT = "arXiv:1706.02677"
GROUP_NORM = "arXiv:1803.08494"
BAG_OF_TRICKS = "arXiv:1812.01187"
SQUEEZE_EXCITATION = "arXiv:1709.01507"
STOCHASTIC_DEPTH = "arXiv:1603.09382"
SKIP_INIT, RE_ZERO = "arXiv:2002.10444", "arXiv:2003.04887"


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
    fields = ", ".join(f"{field}={to_text(value)}" for field, (_, value) in ArchSpec().differences(spec).items())
    paragraphs = [
        f"{called} {kind} of {spec.depth} weight layers, in PyTorch alone.",
        f"{ledger.params:,} parameters; {ledger.macs:,} multiply-adds for one image of "
        f"{_times(ledger.plan.stem.in_shape)} (convolutions and the fully-connected layer).",
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
    if spec.ordering != "original" or (spec.skip and spec.shortcut_where_shapes_stay != "identity"):
        found.append(RESNET_2016)
    if spec.block == "bottleneck" and spec.groups > 1:
        found.append(RESNEXT)
    if (spec.block == "bottleneck" and spec.groups == 1 and spec.width_per_group != 64) or spec.drops_within_branch:
        found.append(WIDE)
    if spec.norm == "group":
        found.append(GROUP_NORM)
    if spec.stem == "deep" or (spec.skip and spec.projection == "D"):
        found.append(BAG_OF_TRICKS)
    if spec.attention == "se":
        found.append(SQUEEZE_EXCITATION)
    if spec.skip and spec.stochastic_depth:
        found.append(STOCHASTIC_DEPTH)
    if spec.skip and spec.residual_scale is not None:
        found += [SKIP_INIT, RE_ZERO]
    if spec.starts_branch_at_zero:
        found.append(ZERO_INIT)
    return found


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
    """The way of the image, with the shape behind each stage."""
    names = dict.fromkeys(layer.name.partition(".")[0] for layer in layers.stem.layers)  # a Sequential is one call
    shapes = {layer.name.partition(".")[0]: layer.out_shape for layer in layers.stem.layers}
    before_pool = [name for name in names if name != "maxpool"]
    steps = [(_calls(before_pool, "x"), shapes[before_pool[-1]])]
    steps += [(f"self.{name}(x)", shapes[name]) for name in names if name == "maxpool"]
    last_units = {unit.stage: unit for unit in layers.units}
    steps += [(f"self.layer{stage}(x)", unit.body.out_shape) for stage, unit in last_units.items()]
    *activation, pool, fc = [layer.name for layer in layers.head.layers]
    if activation:
        steps.append((_calls(activation, "x"), layers.head.in_shape))
    lines = [f"x = {call}  # {_times(shape)}" for call, shape in steps]
    return [*lines, f"return self.{fc}(self.{pool}(x).flatten(1))"]


def _calls(names: list[str], argument: str) -> str:
    for name in names:
        argument = f"self.{name}({argument})"
    return argument


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
