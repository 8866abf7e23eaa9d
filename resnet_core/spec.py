"""Which network: the specification from which everything else is derived. No torch here.

Sources: He et al. 2015, arXiv:1512.03385 ("the 2015 paper"); He et al. 2016, arXiv:1603.05027 ("the 2016 paper");
Xie et al. 2017, arXiv:1611.05431 (ResNeXt); Zagoruyko and Komodakis 2016, arXiv:1605.07146 (wide); He et al. 2019,
arXiv:1812.01187 (ResNet-C and -D); Hu et al. 2018, arXiv:1709.01507 (squeeze-and-excitation); Wu and He 2018,
arXiv:1803.08494 (GroupNorm); Huang et al. 2016, arXiv:1603.09382 (stochastic depth); De and Smith 2020,
arXiv:2002.10444 (SkipInit); Bachlechner et al. 2020, arXiv:2003.04887 (ReZero).
"""

from functools import cached_property
from itertools import accumulate
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from resnet_core import idle, papers
from resnet_core.depths import CONVS_IN_BLOCK, stages_for_depth
from resnet_core.errors import N_, Refusal
from resnet_core.fields import (
    Specification,
    choice,
    field_table,
    read_off,
    real,
    real_or_off,
    size,
    switch,
    whole,
    wholes,
)
from resnet_core.readers import SIDES, read_cut, read_image_size, read_stages

Stem = Literal["imagenet", "deep", "cifar"]
Block = Literal["basic", "bottleneck"]
Ordering = Literal["original", "bn_after_addition", "relu_before_addition", "relu_only_preact", "full_preact"]
Projection = Literal["A", "B", "C", "D"]
Shortcut = Literal[
    "identity", "constant_scaling", "exclusive_gating", "shortcut_only_gating", "conv1x1", "dropout"
]  # fmt: skip


class ArchSpec(Specification):
    """A residual network, or its plain twin: everything that decides its layers.

    The default is ResNet-56 for CIFAR (2015 paper, section 4.2). A field changes one thing; what does not apply to a
    network (the projection of a plain network, the expansion of a basic block) is kept and has no effect, and
    :meth:`idle` says why. So no toggle makes another refuse.
    """

    skip: bool = switch(
        True, N_("Skip connections"),
        N_("On: each block puts out F(x) + x. Off: the plain network of the 2015 paper, with no shortcut at all."),
        "toggle", idle=idle.all_cut,
    )  # fmt: skip
    ordering: Ordering = choice(
        "original", N_("Order of activation"),
        N_("Where BatchNorm and ReLU stand around the convolutions and the addition (arXiv:1603.05027, Figure 4)."),
        "toggle",
        {"original": N_("original"), "full_preact": N_("full pre-activation"),
         "relu_only_preact": N_("ReLU-only pre-activation"), "bn_after_addition": N_("BatchNorm after addition"),
         "relu_before_addition": N_("ReLU before addition")},
        source=papers.RESNET_2016,
    )  # fmt: skip
    block: Block = choice(
        "basic", N_("Block"),
        N_("Basic: two 3x3 convolutions. Bottleneck: 1x1, 3x3, 1x1 with fewer channels in the middle."),
        "toggle", {"basic": N_("basic"), "bottleneck": N_("bottleneck")},
    )  # fmt: skip
    stages: Annotated[tuple[int, ...], BeforeValidator(read_stages)] = wholes(
        (9, 9, 9), N_("Blocks in each stage"),
        N_("Such as 3,4,6,3; or a depth by itself: 56 for a CIFAR network, 50 for an ImageNet one."),
        "main",
    )  # fmt: skip
    cut: Annotated[tuple[int, ...], BeforeValidator(read_cut)] = wholes(
        (), N_("Cut shortcuts"),
        N_("Blocks whose shortcut is taken away, counted from 1 through the network, such as 5,6,7 or 5-7."),
        "main", idle=idle.nothing_to_cut,
    )  # fmt: skip
    width: int = whole(
        16, N_("Width"), N_("Channels of the first stage; each further stage has twice as many."), "main", 1, 1024
    )  # fmt: skip
    image_size: Annotated[int | str, BeforeValidator(read_image_size)] = size(
        32, N_("Image size"), N_("Height and width of the input in pixels; 320x240 where they differ."), "main", *SIDES
    )  # fmt: skip
    num_classes: int = whole(10, N_("Classes"), N_("Outputs of the last, fully-connected layer."), "main", 1, 100_000)
    stem: Stem = choice(
        "cifar", N_("Stem"),
        N_(
            "The layers before the first block. ImageNet: 7x7 stride 2, then max-pool. Deep: three 3x3 in place of the "
            "7x7 (ResNet-C, arXiv:1812.01187). CIFAR: 3x3 stride 1."
        ),
        "more", {"cifar": N_("CIFAR"), "imagenet": N_("ImageNet"), "deep": N_("deep")},
        source={"deep": papers.BAG_OF_TRICKS},
    )  # fmt: skip
    stem_width: int = whole(
        0, N_("Width of the stem"),
        N_("Channels that the stem puts out; 0: as many as the first stage (Wide ResNets: 16, arXiv:1605.07146)."),
        "more", 0, 1024, source=papers.WIDE,
    )  # fmt: skip
    projection: Projection = choice(
        "A", N_("Shortcut where shapes change"),
        N_(
            "A: zero-padding, no weights. B: 1x1 projection. C: projection everywhere (arXiv:1512.03385, Table 3). D: "
            "average pool, then projection (ResNet-D, arXiv:1812.01187)."
        ),
        "more",
        {"A": N_("A, zero-padding"), "B": N_("B, projection"), "C": N_("C, projection everywhere"),
         "D": N_("D, average pool and projection")},
        idle=idle.every_shortcut_projects, source={"D": papers.BAG_OF_TRICKS},
    )  # fmt: skip
    shortcut: Shortcut = choice(
        "identity", N_("Shortcut where shapes stay"),
        N_(
            "What the shortcut does to the signal (arXiv:1603.05027, Figure 2): nothing, or one of the paper's five "
            "others."
        ),
        "more",
        {"identity": N_("identity"), "constant_scaling": N_("constant scaling"),
         "exclusive_gating": N_("exclusive gating"), "shortcut_only_gating": N_("shortcut-only gating"),
         "conv1x1": N_("1x1 convolution"), "dropout": N_("dropout")},
        idle=idle.no_shortcut_to_change, source=papers.RESNET_2016,
    )  # fmt: skip
    shortcut_scale: float = real(
        0.5, N_("Scale of the shortcut"), N_("The factor of constant scaling (Figure 2b)."), "more", 0.0, 2.0,
        idle=idle.unless_shortcut("constant_scaling"),
    )  # fmt: skip
    branch_scale: float = real(
        0.5, N_("Scale of the branch"),
        N_("The factor of F under constant scaling; the paper tries 1 and 0.5."),
        "more", 0.0, 2.0, idle=idle.unless_shortcut("constant_scaling"),
    )  # fmt: skip
    gate_bias: float = real(
        -6.0, N_("Bias of the gate"),
        N_("Where the gates start: at -6 the shortcut is nearly open (Figure 2c, 2d)."),
        "more", -20.0, 20.0, idle=idle.unless_shortcut("exclusive_gating", "shortcut_only_gating"),
    )  # fmt: skip
    dropout_rate: float = real(
        0.5, N_("Dropout rate"),
        N_("The share of the shortcut's signal that dropout sets to zero (Figure 2f)."),
        "more", 0.01, 0.95, idle=idle.unless_shortcut("dropout"),
    )  # fmt: skip
    residual_scale: Annotated[float | None, BeforeValidator(read_off)] = real_or_off(
        N_("Learned scale of the branch"),
        N_(
            "Each branch times a scalar that is learned and starts at this value; 0 is SkipInit (arXiv:2002.10444) and "
            "ReZero (arXiv:2003.04887)."
        ),
        "more", 0.0, 2.0, idle=idle.plain, source=papers.SKIP_INIT,
    )  # fmt: skip
    stochastic_depth: float = real(
        0.0, N_("Stochastic depth"),
        N_(
            "How often the last block's branch is dropped for a training batch; the others in proportion to their "
            "number (arXiv:1603.09382)."
        ),
        "more", 0.0, 0.95, idle=idle.plain, source=papers.STOCHASTIC_DEPTH,
    )  # fmt: skip
    branch_dropout: float = real(
        0.0, N_("Dropout in the branch"),
        N_("The share of the signal between the two 3x3 that is set to zero (Wide ResNets, arXiv:1605.07146)."),
        "more", 0.0, 0.95, idle=idle.bottleneck, source=papers.WIDE,
    )  # fmt: skip
    attention: Literal["none", "se"] = choice(
        "none", N_("Channel attention"),
        N_(
            "Squeeze-and-excitation weighs each channel of the branch by what all channels say of the whole map "
            "(arXiv:1709.01507)."
        ),
        "more", {"none": N_("none"), "se": N_("squeeze-and-excitation")},
        source=papers.SQUEEZE_EXCITATION,
    )  # fmt: skip
    stride_on: Literal["3x3", "1x1"] = choice(
        "3x3", N_("Bottleneck stride on"),
        N_("The convolution that halves the map: the 3x3 (as torchvision) or the first 1x1 (the 2015 paper)."),
        "more", {"3x3": N_("3x3"), "1x1": N_("1x1")},
        idle=idle.one_stage,
    )  # fmt: skip
    norm: Literal["batch", "group", "none"] = choice(
        "batch", N_("Normalisation"),
        N_(
            "BatchNorm; GroupNorm (arXiv:1803.08494), 32 groups, or as many as divide the channels where 32 do not; "
            "or none: then every convolution stands alone."
        ),
        "more", {"batch": N_("BatchNorm"), "group": N_("GroupNorm"), "none": N_("none")},
        source={"group": papers.GROUP_NORM},
    )  # fmt: skip
    groups: int = whole(
        1, N_("Groups"), N_("Groups of the bottleneck's 3x3 convolution (ResNeXt: 32)."), "more", 1, 128,
        idle=idle.basic, source=papers.RESNEXT,
    )  # fmt: skip
    width_per_group: int = whole(
        64, N_("Width per group"),
        N_("Channels of a group in a bottleneck of the first stage, for width 64 (ResNeXt: 4; wide: 128)."),
        "more", 1, 512, idle=idle.basic, source=lambda spec: "" if spec.groups > 1 else papers.WIDE,
    )  # fmt: skip
    expansion: int = whole(
        4, N_("Expansion"), N_("Channels that a bottleneck puts out, over its stage's."), "more", 1, 8, idle=idle.basic
    )  # fmt: skip
    zero_init_residual: bool = switch(
        False, N_("Start each branch at zero"),
        N_("The last normalisation of each branch starts with scale 0, so that every block starts as the identity."),
        "more", idle=idle.cannot_start_at_zero, source=papers.ZERO_INIT,
    )  # fmt: skip
    in_channels: int = whole(3, N_("Image channels"), N_("3 for colour, 1 for grey."), "more", 1, 16)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.block == "bottleneck" and self.branch_width(0) < self.groups:
            raise Refusal(
                N_("{fields} leave a group less than one channel: the width times the width per group must be at "
                   "least 64."), field="width_per_group",
                fields=[self.said(name, getattr(self, name)) for name in ("width", "width_per_group", "groups")],
            )  # fmt: skip
        return self

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """As the base class; ``depth`` stands for the ``stages`` that give it, as does ``stages`` with one number."""
        changes = dict(update or {})
        alone = changes.get("stages")
        if isinstance(alone, str) and "," not in alone and alone.strip().isdecimal():
            changes["depth"] = changes.pop("stages")
        if "depth" in changes:
            depth = changes.pop("depth")
            stem, block = (changes.get(name, getattr(self, name)) for name in ("stem", "block"))
            changes["stages"] = stages_for_depth(depth, stem=stem, block=block)
        return super().model_copy(update=changes, deep=deep)

    @property
    def depth(self) -> int:
        """Weight layers on the longest path, projections, gates and attention left out: the "56" of ResNet-56.

        A deep stem has two more than the one that names the network.
        """
        return sum(self.stages) * CONVS_IN_BLOCK[self.block] + (4 if self.stem == "deep" else 2)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the input, in pixels."""
        height, _, width = str(self.image_size).partition("x")
        return int(height), int(width or height)

    @property
    def total_stride(self) -> int:
        """Image pixels, along one axis, from one pixel of the last map to the next."""
        return (1 if self.stem == "cifar" else 4) * int(2 ** (len(self.stages) - 1))

    @property
    def stem_channels(self) -> int:
        """Channels that the stem puts out."""
        return self.stem_width or self.width

    def has_shortcut(self, number: int) -> bool:
        """Whether the block of this number, counted from 1 through the network, has a shortcut."""
        return self.skip and number not in self._cut

    def keeps_shape(self, number: int) -> bool:
        """Whether the block of this number puts out maps of the shape that it takes in."""
        firsts = list(accumulate(self.stages, initial=1))[:-1]
        return number not in firsts or (number == 1 and self.stem_channels == self.channels(0))

    def stays(self, number: int) -> float:
        """The chance that this block's branch takes part in a training step: arXiv:1603.09382, equation 4.

        1 - l / L (1 - p_L), and 1 where no shortcut would carry the signal past it.
        """
        if not self.stochastic_depth or not self.has_shortcut(number):
            return 1.0
        return 1 - number / sum(self.stages) * self.stochastic_depth

    @property
    def shortcut_where_shapes_stay(self) -> str:
        """The kind of shortcut that is really there; projection C leaves no room for another."""
        return "identity" if self.projection == "C" else self.shortcut

    @property
    def drops_within_branch(self) -> bool:
        """Whether there is a dropout between the two 3x3."""
        return self.block == "basic" and self.branch_dropout > 0

    @property
    def starts_branch_at_zero(self) -> bool:
        """Whether the last normalisation of each residual branch starts with scale 0."""
        return self.zero_init_residual and not self.idle("zero_init_residual")

    @cached_property
    def _cut(self) -> frozenset[int]:
        return frozenset(self.cut)

    def channels(self, stage: int) -> int:
        """Channels that the blocks of a stage (counted from 0) put out."""
        return self.width * int(2**stage) * (self.expansion if self.block == "bottleneck" else 1)

    def branch_width(self, stage: int) -> int:
        """Channels in the middle of a block: torchvision's ``int(planes * base_width / 64) * groups``."""
        if self.block == "basic":
            return self.width * int(2**stage)
        return self.width * int(2**stage) * self.width_per_group // 64 * self.groups


ARCH_FIELDS = field_table(ArchSpec)
