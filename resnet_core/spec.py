"""Which network: the specification from which everything else is derived. No torch here.

Sources: He et al. 2015, arXiv:1512.03385 ("the 2015 paper"); He et al. 2016, arXiv:1603.05027 ("the 2016 paper");
Xie et al. 2017, arXiv:1611.05431 (ResNeXt); Zagoruyko and Komodakis 2016, arXiv:1605.07146 (wide).
"""

from operator import index
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from resnet_core.depths import CONVS_IN_BLOCK, MAX_BLOCKS_IN_A_STAGE, stages_for_depth
from resnet_core.errors import N_, Refusal
from resnet_core.fields import Specification, choice, field_table, real, shorten, switch, whole, wholes
from resnet_core.orderings import ORDERINGS

Stem = Literal["imagenet", "cifar"]
Block = Literal["basic", "bottleneck"]
Ordering = Literal["original", "bn_after_addition", "relu_before_addition", "relu_only_preact", "full_preact"]
Projection = Literal["A", "B", "C"]
Shortcut = Literal[
    "identity", "constant_scaling", "exclusive_gating", "shortcut_only_gating", "conv1x1", "dropout"
]  # fmt: skip

MAX_STAGES = 6


def _read_stages(value: Any) -> tuple[int, ...]:
    """Blocks in each stage, from a list or from text such as ``3,4,6,3``."""
    items = value.split(",") if isinstance(value, str) else value
    if isinstance(items, list) and items and items[-1] == "":
        items = items[:-1]  # "27," is a single stage, as in Python
    try:
        # index() takes whole numbers only, where int() would cut off what stands behind the point.
        stages = tuple(int(item) if isinstance(item, str) else index(item) for item in items)
    except (TypeError, ValueError):
        stages = ()
    if not 1 <= len(stages) <= MAX_STAGES or not all(1 <= n <= MAX_BLOCKS_IN_A_STAGE for n in stages):
        raise Refusal(
            N_(
                "stages lists the blocks of 1 to {stages} stages, each from 1 to {blocks}, such as 3,4,6,3; got {got}."
            ),
            field="stages", stages=MAX_STAGES, blocks=MAX_BLOCKS_IN_A_STAGE, got=shorten(value),
        )  # fmt: skip
    return stages


class ArchSpec(Specification):
    """A residual network, or its plain twin: everything that decides its layers.

    The default is ResNet-56 for CIFAR (2015 paper, section 4.2). A field changes one thing; what does not apply to a
    network (the projection of a plain network, the expansion of a basic block) is kept and has no effect.
    """

    skip: bool = switch(
        True,
        N_("Skip connections"),
        N_("On: each block puts out F(x) + x. Off: the plain network of the 2015 paper, with no shortcut at all."),
        "toggle",
    )
    ordering: Ordering = choice(
        "original",
        N_("Order of activation"),
        N_("Where BatchNorm and ReLU stand around the convolutions and the addition (arXiv:1603.05027, Figure 4)."),
        "toggle",
        {
            "original": N_("original"),
            "full_preact": N_("full pre-activation"),
            "relu_only_preact": N_("ReLU-only pre-activation"),
            "bn_after_addition": N_("BatchNorm after addition"),
            "relu_before_addition": N_("ReLU before addition"),
        },
    )
    block: Block = choice(
        "basic",
        N_("Block"),
        N_("Basic: two 3x3 convolutions. Bottleneck: 1x1, 3x3, 1x1 with fewer channels in the middle."),
        "toggle",
        {"basic": N_("basic"), "bottleneck": N_("bottleneck")},
    )
    stages: Annotated[tuple[int, ...], BeforeValidator(_read_stages)] = wholes(
        (9, 9, 9),
        N_("Blocks in each stage"),
        N_("Such as 3,4,6,3; or a depth by itself: 56 for a CIFAR network, 50 for an ImageNet one."),
        "main",
    )
    width: int = whole(
        16, N_("Width"), N_("Channels of the first stage; each further stage has twice as many."), "main", 1, 1024
    )
    image_size: int = whole(32, N_("Image size"), N_("Height and width of the input, in pixels."), "main", 1, 1024)
    num_classes: int = whole(10, N_("Classes"), N_("Outputs of the last, fully-connected layer."), "main", 2, 100_000)
    stem: Stem = choice(
        "cifar",
        N_("Stem"),
        N_("The layers before the first block. ImageNet: 7x7 stride 2, then max-pool. CIFAR: 3x3 stride 1."),
        "more",
        {"cifar": N_("CIFAR"), "imagenet": N_("ImageNet")},
    )
    projection: Projection = choice(
        "A",
        N_("Shortcut where shapes change"),
        N_("A: zero-padding, no weights. B: 1x1 projection. C: projection everywhere (arXiv:1512.03385, Table 3)."),
        "more",
        {"A": N_("A, zero-padding"), "B": N_("B, projection"), "C": N_("C, projection everywhere")},
    )
    shortcut: Shortcut = choice(
        "identity",
        N_("Shortcut where shapes stay"),
        N_(
            "What the shortcut does to the signal (arXiv:1603.05027, Figure 2): nothing, or one of the paper's five "
            "others."
        ),
        "more",
        {
            "identity": N_("identity"),
            "constant_scaling": N_("constant scaling"),
            "exclusive_gating": N_("exclusive gating"),
            "shortcut_only_gating": N_("shortcut-only gating"),
            "conv1x1": N_("1x1 convolution"),
            "dropout": N_("dropout"),
        },
    )
    shortcut_scale: float = real(
        0.5, N_("Scale of the shortcut"), N_("The factor of constant scaling (Figure 2b)."), "more", 0.0, 2.0
    )
    branch_scale: float = real(
        0.5,
        N_("Scale of the branch"),
        N_("The factor of F under constant scaling; the paper tries 1 and 0.5."),
        "more",
        0.0,
        2.0,
    )
    gate_bias: float = real(
        -6.0,
        N_("Bias of the gate"),
        N_("Where the gates start: at -6 the shortcut is nearly open (Figure 2c, 2d)."),
        "more",
        -20.0,
        20.0,
    )
    dropout_rate: float = real(
        0.5,
        N_("Dropout rate"),
        N_("The share of the shortcut's signal that dropout sets to zero (Figure 2f)."),
        "more",
        0.01,
        0.95,
    )
    stride_on: Literal["3x3", "1x1"] = choice(
        "3x3",
        N_("Bottleneck stride on"),
        N_("The convolution that halves the map: the 3x3 (as torchvision) or the first 1x1 (the 2015 paper)."),
        "more",
        {"3x3": N_("3x3"), "1x1": N_("1x1")},
    )
    norm: Literal["batch", "none"] = choice(
        "batch",
        N_("Normalisation"),
        N_("BatchNorm, or none: then every convolution stands alone."),
        "more",
        {"batch": N_("BatchNorm"), "none": N_("none")},
    )
    groups: int = whole(
        1, N_("Groups"), N_("Groups of the bottleneck's 3x3 convolution (ResNeXt: 32)."), "more", 1, 128
    )
    width_per_group: int = whole(
        64,
        N_("Width per group"),
        N_("Channels of a group in a bottleneck of the first stage, for width 64 (ResNeXt: 4; wide: 128)."),
        "more",
        1,
        512,
    )
    expansion: int = whole(
        4, N_("Expansion"), N_("Output channels of a bottleneck over the channels of its stage."), "more", 1, 8
    )
    zero_init_residual: bool = switch(
        False,
        N_("Start each branch at zero"),
        N_("The last BatchNorm of each branch starts with scale 0, so that every block starts as the identity."),
        "more",
    )
    in_channels: int = whole(3, N_("Image channels"), N_("3 for colour, 1 for grey."), "more", 1, 16)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.block == "basic" and (self.groups != 1 or self.width_per_group != 64):
            raise Refusal(
                N_("groups and width_per_group shape the 3x3 of a bottleneck; a basic block needs groups 1 and "
                   "width_per_group 64, got {groups} and {width_per_group}."),
                field="groups", groups=self.groups, width_per_group=self.width_per_group,
            )  # fmt: skip
        if self.branch_width(0) < self.groups:
            raise Refusal(
                N_("width {width}, width_per_group {width_per_group} and groups {groups} leave a group less than one "
                   "channel: width times width_per_group must be at least 64."),
                field="width_per_group", width=self.width, width_per_group=self.width_per_group, groups=self.groups,
            )  # fmt: skip
        if self.image_size < self.total_stride:
            raise Refusal(
                N_("The stem and the {stages} stages divide the image by {stride}; image_size {image_size} would leave "
                   "less than one pixel, so it must be at least {stride}."),
                field="image_size", stages=len(self.stages), stride=self.total_stride, image_size=self.image_size,
            )  # fmt: skip
        if self.shortcut != "identity" and not self.skip:
            raise Refusal(
                N_("shortcut {shortcut} needs skip true: a plain network has no shortcut to change."),
                field="shortcut", shortcut=self.shortcut,
            )  # fmt: skip
        if self.shortcut != "identity" and self.projection == "C":
            raise Refusal(
                N_("projection C puts a projection on every shortcut, which leaves none for shortcut {shortcut}: "
                   "choose "
                   "projection A or B, or shortcut identity."),
                field="shortcut", shortcut=self.shortcut,
            )  # fmt: skip
        if self.zero_init_residual and not self.ends_branch_with_norm:
            raise Refusal(
                N_("zero_init_residual sets the last BatchNorm of each branch to zero, which needs skip true, norm "
                   "batch and an ordering whose branch ends with BatchNorm (original or relu_only_preact)."),
                field="zero_init_residual",
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
        """Weight layers on the longest path without projections: the "56" of ResNet-56."""
        return sum(self.stages) * CONVS_IN_BLOCK[self.block] + 2

    @property
    def total_stride(self) -> int:
        """Image pixels, along one axis, behind one pixel of the last map."""
        return (4 if self.stem == "imagenet" else 1) * int(2 ** (len(self.stages) - 1))

    @property
    def ends_branch_with_norm(self) -> bool:
        """Whether each residual branch ends with a BatchNorm that could start at zero.

        A ReLU after it would put out zero with a zero gradient, and the branch would never learn.
        """
        return self.skip and self.norm == "batch" and ORDERINGS[self.ordering].adds_right_after_norm

    def channels(self, stage: int) -> int:
        """Channels that the blocks of a stage (counted from 0) put out."""
        return self.width * int(2**stage) * (self.expansion if self.block == "bottleneck" else 1)

    def branch_width(self, stage: int) -> int:
        """Channels in the middle of a block: torchvision's ``int(planes * base_width / 64) * groups``."""
        if self.block == "basic":
            return self.width * int(2**stage)
        return self.width * int(2**stage) * self.width_per_group // 64 * self.groups


ARCH_FIELDS = field_table(ArchSpec)
