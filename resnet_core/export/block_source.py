"""The block of a network as source: its class, what its shortcut needs, and the table of the stages."""

from itertools import groupby

from resnet_core.export.layer_source import ZERO_PAD, layer_source
from resnet_core.export.text import broken, indent, paragraph
from resnet_core.orderings import ORDERINGS
from resnet_core.plan import Body, Layer, Plan
from resnet_core.presets import RESNET_2015, RESNET_2016

FIGURE_2 = {  # of arXiv:1603.05027
    "constant_scaling": "constant scaling, Figure 2(b)",
    "exclusive_gating": "exclusive gating, Figure 2(c)",
    "shortcut_only_gating": "shortcut-only gating, Figure 2(d)",
    "conv1x1": "a 1x1 convolution, Figure 2(e)",
    "dropout": "dropout, Figure 2(f)",
}


class BlockSource:
    """What the blocks of one network have in common and where they differ.

    They differ in three ways at most: the shape changes or stays, the block strides, and, under pre-activation, the
    first block of all finds its input activated by the stem.
    """

    def __init__(self, layers: Plan) -> None:
        self.plan, self.spec = layers, layers.spec
        bodies = list({id(unit.body): unit.body for unit in layers.units}.values())
        self.changing = next((body for body in bodies if _changes(body)), None)
        self.keeping = next((body for body in bodies if not _changes(body)), None)
        self.full = max(bodies, key=lambda body: len(_chain(body)))
        self.chain = _chain(self.full)
        self.convs = [layer.name for layer in self.chain if layer.op == "conv"]
        self.leading = [layer.name for layer in self.chain[: [layer.op for layer in self.chain].index("conv")]]
        self.skips_leading = any(len(_chain(body)) < len(self.chain) for body in bodies)
        self.shares_leading = any(body.entry for body in bodies)
        strided = [layer.name for body in bodies for layer in _chain(body) if layer.stride > 1]
        self.strided = strided[0] if strided else ""
        self.middle = "width" if len(self.convs) == 3 else "outputs"
        self.name = "Bottleneck" if len(self.convs) == 3 else "BasicBlock"
        self.pads = any(layer.op == "pad" for body in bodies for layer in body.shortcut)

    @property
    def _both(self) -> bool:
        return self.changing is not None and self.keeping is not None

    def shortcut_class(self) -> str:
        """The zero-padding shortcut, where one is used."""
        return ZERO_PAD if self.pads else ""

    def block_class(self) -> str:
        """The class of all blocks."""
        made = [f"self.{layer.name} = {self._constructor(layer)}" for layer in self.chain]
        made += [f"self.{layer.name} = {layer_source(layer, 'outputs')}" for layer in self.full.exit]
        if self.spec.zero_init_residual:
            made.append(f"nn.init.zeros_(self.bn{len(self.convs)}.weight)  # F(x) starts at 0: arXiv:1706.02677, 5.1")
        lines = [
            f"class {self.name}(nn.Module):",
            f'    """{paragraph(self._doc(), 1)}"""',
            "",
            f"    def __init__({', '.join(['self', *self._parameters()])}) -> None:",
            "        super().__init__()",
            *indent([*made, *self._shortcut_layers()], 2),
            "",
            "    def forward(self, x: Tensor) -> Tensor:",
            *indent(self._forward(), 2),
        ]
        return "\n".join(broken(lines))

    def stage_function(self) -> str:
        """The function that makes a stage."""
        arguments = ["inputs", *(["width"] if self.middle == "width" else []), "outputs"]
        first = [*arguments, *(["stride"] if self.strided else []), *(["activated"] if self.skips_leading else [])]
        later = ", ".join("outputs" if name == "inputs" else name for name in arguments)
        lines = [
            f"def stage(blocks: int, {', '.join(self._parameters())}) -> nn.Sequential:",
            '    """Blocks of one shape behind the one that makes it."""',
            f"    first = {self.name}({', '.join(first)})",
            f"    return nn.Sequential(first, *({self.name}({later}) for _ in range(blocks - 1)))",
        ]
        return "\n".join(broken(lines))

    def stage_lines(self) -> list[str]:
        """The table of the stages, as the calls that make them."""
        lines = []
        for stage, of_stage in groupby(self.plan.units, key=lambda unit: unit.stage):
            units = list(of_stage)
            body = units[0].body
            inner = next(layer.out_shape[0] for layer in body.branch if layer.op == "conv")
            values = [f"inputs={body.in_shape[0]}", *([f"width={inner}"] if self.middle == "width" else [])]
            values.append(f"outputs={body.out_shape[0]}")
            values += ["stride=2"] if any(layer.stride > 1 for layer in body.branch) else []
            values += ["activated=True"] if self.skips_leading and stage == 1 else []
            lines.append(f"self.layer{stage} = stage({len(units)}, {', '.join(values)})")
        return lines

    def _parameters(self) -> list[str]:
        names = ["inputs: int", *(["width: int"] if self.middle == "width" else []), "outputs: int"]
        names += ["stride: int = 1"] if self.strided else []
        return names + (["activated: bool = False"] if self.skips_leading else [])

    def _doc(self) -> str:
        spec, order = self.spec, ORDERINGS[self.spec.ordering]
        ops = [f"{layer.kernel}x{layer.kernel}" for layer in self.chain if layer.op == "conv"]
        text = f"{', '.join(ops)}: "
        text += f"{self._formula()} ({RESNET_2015}, equation 1)" if spec.skip else "H(x) = F(x), no shortcut"
        if spec.ordering != "original":
            moved = "BatchNorm and ReLU" if spec.norm == "batch" else "ReLU"
            text += f". {moved} as in {RESNET_2016}, Figure {order.figure}"
        if self.keeping and spec.shortcut != "identity":
            text += f". Where the shape stays: {FIGURE_2[spec.shortcut]}"
        if self.skips_leading:
            text += ". activated: the stem's ReLU has already been at the input"
        return text + "."

    def _formula(self) -> str:
        inner = "F(x) + x"
        for layer in self.full.exit:
            inner = f"{'ReLU' if layer.op == 'relu' else 'BN'}({inner})"
        return f"H(x) = {inner}"

    def _constructor(self, layer: Layer) -> str:
        number = int(layer.name[-1])
        last = number == len(self.convs)
        comes_in = "inputs" if number == 1 else self.middle
        goes_out = "outputs" if last else self.middle
        if layer.op == "bn":
            before_conv = self.chain.index(layer) < [other.name for other in self.chain].index(f"conv{number}")
            comes_in = comes_in if before_conv else goes_out
        made = layer_source(layer, comes_in, goes_out, "stride" if layer.name == self.strided else "")
        if layer.name in self.leading and self.skips_leading:
            return f"nn.Identity() if activated else {made}"
        return made

    def _downsample(self, body: Body) -> str:
        """The shortcut's layers that carry torchvision's name ``downsample``, in one expression."""
        stride = "stride" if self.strided else ""
        made = [
            layer_source(layer, "outputs" if layer.op == "bn" else "inputs", "outputs", stride)
            for layer in body.shortcut
            if layer.name.startswith("downsample")
        ]
        if not made or body.shortcut[0].op == "pad":
            return "".join(made)
        return f"nn.Sequential({', '.join(made)})"

    def _shortcut_layers(self) -> list[str]:
        """What the shortcut adds to the constructor."""
        changing = [f"self.downsample = {self._downsample(self.changing)}"] if self.changing and self.spec.skip else []
        keeping = self._keeping_layers()
        told = ["self.reshapes = inputs != outputs"] if self._tells_apart else []
        if not self._both or changing == keeping:
            return told + (changing or keeping)
        if self._is_plain_identity:
            made = changing[0].partition(" = ")[2]
            return ["self.downsample: nn.Module = nn.Identity()", "if inputs != outputs:",
                    f"    self.downsample = {made}"]  # fmt: skip
        test = "self.reshapes" if told else "inputs != outputs"
        declared = ["self.downsample: nn.Module"] if keeping and keeping[0].startswith("self.downsample") else []
        lines = [*told, *declared, f"if {test}:", *indent(changing, 1)]
        return lines + (["else:", *indent(keeping, 1)] if keeping else [])

    def _keeping_layers(self) -> list[str]:
        body = self.keeping
        if body is None or not self.spec.skip:
            return []
        if projected := self._downsample(body):
            return [f"self.downsample = {projected}"]
        lines = []
        for layer in (*body.gate, *body.shortcut):
            if layer.op == "scale":
                continue
            lines.append(f"self.{layer.name} = {layer_source(layer, 'outputs', 'outputs')}")
            if layer.bias:
                lines.append(f"nn.init.constant_(self.{layer.name}.bias, {layer.value})")
        return lines

    @property
    def _is_plain_identity(self) -> bool:
        """Whether ``downsample`` may simply be an identity where the shape stays."""
        body = self.keeping
        return not self.shares_leading and body is not None and not (body.shortcut or body.gate or self._scaled(body))

    @property
    def _tells_apart(self) -> bool:
        """Whether the forward has to know if the shape changes."""
        if not (self._both and self.spec.skip) or self._is_plain_identity:
            return False
        assert self.keeping is not None
        return self.shares_leading or not self._downsample(self.keeping)

    @staticmethod
    def _scaled(body: Body) -> tuple[Layer, ...]:
        return tuple(layer for layer in body.branch if layer.op == "scale")

    def _forward(self) -> list[str]:
        lines = []
        entering = "x"
        if self.shares_leading:
            lines.append(f"activated = {_nested(self.leading, 'x')}")
            entering = "activated"
        names = [layer.name for layer in self.chain]
        if self.shares_leading:
            names = names[len(self.leading) :]
        argument = entering
        for conv in self.convs:  # one line for each convolution, with what stands around it
            end = next((i for i, name in enumerate(names) if name[:4] == "conv" and name > conv), len(names))
            mine = [name for name in names[:end] if name[-1] == conv[-1]]
            names = names[len(mine) :]
            lines.append(f"out = {_nested(mine, argument)}")
            argument = "out"
        sums = self._joint(entering)
        exit_ = [layer.name for layer in self.full.exit]
        if len(sums) == 1:
            return [*lines, f"return {_nested(exit_, sums[0])}"]
        return [*lines, *sums, f"return {_nested(exit_, 'out')}"]

    def _joint(self, entering: str) -> list[str]:
        """The sum as one expression, or as statements that put it into ``out``."""
        if not self.spec.skip:
            return ["out"]
        before, kept = self._kept()
        changed = f"out + self.downsample({entering})"
        if self.keeping is None:
            return [changed]
        if self.changing is None:
            return [*before, f"out = {kept}"] if before else [kept]
        if self._is_plain_identity or kept == changed:
            return [changed]
        if not before and kept in ("out + x", "out + self.downsample(x)"):
            if kept == "out + x":
                return [f"out + (self.downsample({entering}) if self.reshapes else x)"]
            return [f"out + self.downsample({entering} if self.reshapes else x)"]
        return ["if self.reshapes:", f"    out = {changed}", "else:", *indent([*before, f"out = {kept}"], 1)]

    def _kept(self) -> tuple[list[str], str]:
        """For a block whose shape stays: what is computed before the sum, and the sum."""
        body = self.keeping
        if body is None:
            return [], ""
        if body.gate:
            gate = [f"gate = {_nested([layer.name for layer in body.gate], 'x')}"]
            return gate, ("gate * out" if body.branch_product else "out") + " + (1 - gate) * x"
        if self._downsample(body):
            return [], "out + self.downsample(x)"
        if scaled := self._scaled(body):
            return [], f"{scaled[0].value} * out + {body.shortcut[0].value} * x"
        return [], "out + self.dropout(x)" if body.shortcut else "out + x"


def _chain(body: Body) -> list[Layer]:
    """The layers of the branch with the activation that both paths may share; a factor stands in the forward."""
    return [layer for layer in (*body.entry, *body.branch) if layer.op != "scale"]


def _changes(body: Body) -> bool:
    return body.in_shape[0] != body.out_shape[0]


def _nested(names: list[str], argument: str) -> str:
    """The layers called one around the other, the first innermost."""
    for name in names:
        argument = f"self.{name}({argument})"
    return argument
