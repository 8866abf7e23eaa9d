"""Named networks, each a row with its evidence: the specification, its source, and what that source publishes."""

from difflib import get_close_matches
from typing import NamedTuple

from resnet_core.depths import stages_for_depth
from resnet_core.errors import N_, Refusal
from resnet_core.papers import BAG_OF_TRICKS, GROUP_NORM, RESNET_2015, RESNET_2016, RESNEXT, SQUEEZE_EXCITATION, WIDE
from resnet_core.preset_names import TOLD
from resnet_core.spec import ArchSpec

TORCHVISION = "torchvision"
TIMM = "timm"


class Published(NamedTuple):
    """One figure as its source prints it: ``25,557,032``, ``0.85 M``, ``3.8 G``, ``6.97``, ``>60``.

    ``quantity`` is a name of :data:`QUANTITIES`. Errors are in percent and belong to the authors' training: nothing
    here was measured or computed by this project.
    """

    quantity: str
    printed: str
    source: str

    @property
    def value(self) -> float:
        """The figure as a number of parameters, of multiply-adds, or of percent."""
        number, _, prefix = self.printed.lstrip(">").replace(",", "").partition(" ")
        return float(number) * {"": 1, "M": 10**6, "G": 10**9}[prefix]


QUANTITIES = {
    "params": N_("{figure} parameters"),
    "macs": N_("{figure} multiply-adds"),
    "cifar10_error": N_("CIFAR-10 error {figure}%"),
    "cifar100_error": N_("CIFAR-100 error {figure}%"),
    "imagenet_error": N_("ImageNet top-1 error {figure}%, 10-crop"),
}


class Preset(NamedTuple):
    """``source`` describes the network; ``published`` is what is printed of exactly this network, where anything is."""

    name: str
    spec: ArchSpec
    source: str
    published: tuple[Published, ...] = ()

    @property
    def title(self) -> str:
        """The name as people say it, the same in every language."""
        return TOLD[self.name].title

    @property
    def group(self) -> str:
        """The family under which it is listed, as a message id."""
        return TOLD[self.name].group

    @property
    def line(self) -> str:
        """What it is for, in a plain sentence, as a message id."""
        return TOLD[self.name].line


_IMAGENET = ArchSpec(stem="imagenet", stages=(2, 2, 2, 2), width=64, projection="B", image_size=224, num_classes=1000)


def _imagenet(
    name: str, depth: int, params: int, gmacs: str, paper: str = f"{RESNET_2015}, Table 1", **changes: object
) -> Preset:
    """A row of torchvision's models; the figures are ``num_params`` and ``_ops`` of its weights' metadata.

    The 2015 paper's errors of its 50 layers and more are those of another stride: see :func:`_paper_stride`.
    """
    block = "basic" if depth < 50 else "bottleneck"
    spec = _IMAGENET.with_(block=block, stages=stages_for_depth(depth, stem="imagenet", block=block), **changes)
    published = [Published("params", f"{params:,}", TORCHVISION), Published("macs", f"{gmacs} G", TORCHVISION)]
    if name == "resnet34":  # its projections are option B; Table 2's ResNet-18 and 34 have option A
        published.append(Published("imagenet_error", "24.52", f"{RESNET_2015}, Table 3"))
    return Preset(name, spec, f"{paper}; {TORCHVISION}", tuple(published))


def _paper_stride(name: str, depth: int, gmacs: str, error: str) -> Preset:
    """The 2015 paper's own stride, on the first 1x1; Table 1 prints its cost to two digits (3.8 x 10^9)."""
    spec = _IMAGENET.with_(block="bottleneck", depth=depth, stride_on="1x1")
    source = f"{RESNET_2015}, Table 1"
    error_source = f"{RESNET_2015}, Table 3"
    return Preset(
        name, spec, source, (Published("macs", f"{gmacs} G", source), Published("imagenet_error", error, error_source))
    )


def _imagenet_plain(depth: int, gmacs: str, error: str) -> Preset:
    """The plain networks beside ResNet-18 and 34."""
    published = (
        Published("macs", f"{gmacs} G", f"{RESNET_2015}, Table 1"),
        Published("imagenet_error", error, f"{RESNET_2015}, Table 2"),
    )
    spec = _IMAGENET.with_(depth=depth, skip=False)
    return Preset(f"plain{depth}", spec, f"{RESNET_2015}, Tables 1 and 2", published)


def _cifar(depth: int, params: str, error: str) -> Preset:
    """6n+2 layers with zero-padded shortcuts; the paper prints parameters in millions (Table 6)."""
    table = f"{RESNET_2015}, Table 6"
    published = Published("params", f"{params} M", table), Published("cifar10_error", error, table)
    return Preset(f"cifar{depth}", ArchSpec().with_(depth=depth), f"{RESNET_2015}, section 4.2 and Table 6", published)


def _cifar_plain(depth: int) -> Preset:
    """Their plain twins, whose errors Figure 6 draws without numbers, but for one that is told in its caption."""
    figure = f"{RESNET_2015}, Figure 6"
    published = (Published("cifar10_error", ">60", figure),) if depth == 110 else ()
    spec = ArchSpec().with_(depth=depth, skip=False)
    return Preset(f"plain{depth}", spec, f"{RESNET_2015}, section 4.2 and Figure 6", published)


def _preact(depth: int, table: str, **errors: str) -> Preset:
    """The 2016 paper's networks: 110 layers of basic blocks, 164 and 1001 of bottlenecks, ordered as in Figure 4(e)."""
    block, projection = ("basic", "A") if depth == 110 else ("bottleneck", "B")
    spec = ArchSpec().with_(block=block, depth=depth, projection=projection, ordering="full_preact")
    source = f"{RESNET_2016}, {table}"
    published = tuple(Published(f"{data}_error", error, source) for data, error in errors.items())
    return Preset(f"preact{depth}", spec, source, published)


def _variant(name: str, source: str, **changes: object) -> Preset:
    """ResNet-50 with one thing of a later paper, laid out as in timm's models."""
    return Preset(name, _IMAGENET.with_(block="bottleneck", depth=50, **changes), f"{source}; {TIMM}")


def _on_cifar(name: str, source: str, **changes: object) -> Preset:
    """A network of another family for 32x32 images, with 1x1 projections."""
    return Preset(name, ArchSpec().with_(projection="B", **changes), source)


_ROWS = (
    _cifar(20, "0.27", "8.75"),
    _cifar(32, "0.46", "7.51"),
    _cifar(44, "0.66", "7.17"),
    _cifar(56, "0.85", "6.97"),
    _cifar(110, "1.7", "6.43"),
    _cifar(1202, "19.4", "7.93"),
    *(_cifar_plain(depth) for depth in (20, 32, 44, 56, 110)),
    _preact(110, "Table 2", cifar10="6.37"),
    _preact(164, "Table 3", cifar10="5.46", cifar100="24.33"),
    _preact(1001, "Table 3", cifar10="4.92", cifar100="22.71"),
    _imagenet("resnet18", 18, 11_689_512, "1.814"),
    _imagenet("resnet34", 34, 21_797_672, "3.664"),
    _imagenet("resnet50", 50, 25_557_032, "4.089"),
    _imagenet("resnet101", 101, 44_549_160, "7.801"),
    _imagenet("resnet152", 152, 60_192_808, "11.514"),
    _imagenet("resnext50_32x4d", 50, 25_028_904, "4.230", RESNEXT, groups=32, width_per_group=4),
    _imagenet("resnext101_32x8d", 101, 88_791_336, "16.414", RESNEXT, groups=32, width_per_group=8),
    _imagenet("resnext101_64x4d", 101, 83_455_272, "15.460", RESNEXT, groups=64, width_per_group=4),
    _imagenet("wide_resnet50_2", 50, 68_883_240, "11.398", WIDE, width_per_group=128),
    _imagenet("wide_resnet101_2", 101, 126_886_696, "22.753", WIDE, width_per_group=128),
    _variant("resnet50d", f"{BAG_OF_TRICKS}, section 4", stem="deep", projection="D"),
    _variant("seresnet50", f"{SQUEEZE_EXCITATION}, Table 1", attention="se"),
    _variant("resnet50_gn", GROUP_NORM, norm="group"),
    # Its 28 = 6n+4 counts the projections of the three stages and leaves the fully-connected layer out.
    _on_cifar("wrn28_10", f"{WIDE}, Table 1", stages=(4, 4, 4), width=160, stem_width=16, ordering="full_preact"),
    _on_cifar("resnext29_8x64d", f"{RESNEXT}, section 5.2", block="bottleneck", depth=29, width=64, groups=8),
    _on_cifar("resnet18_cifar", f"{RESNET_2015}, Table 1, on 32x32 images", stages=(2, 2, 2, 2), width=64),
    _paper_stride("resnet50_v1", 50, "3.8", "22.85"),
    _paper_stride("resnet101_v1", 101, "7.6", "21.75"),
    _paper_stride("resnet152_v1", 152, "11.3", "21.43"),
    _imagenet_plain(18, "1.8", "27.94"),
    _imagenet_plain(34, "3.6", "28.54"),
)
_TABLE = {row.name: row for row in _ROWS}


def presets() -> dict[str, Preset]:
    """Every named network, in the order of the select boxes."""
    return dict(_TABLE)


def preset(name: str) -> ArchSpec:
    """The specification of a named network; an unknown name is refused with the nearest ones."""
    if name in _TABLE:
        return _TABLE[name].spec
    near = get_close_matches(name, _TABLE, n=3) or ["cifar56", "resnet50"]
    raise Refusal(
        N_("There is no preset {name}; near to it: {near}."), field="preset", name=name[:40], near=", ".join(near)
    )


def preset_named_by(spec: ArchSpec) -> str | None:
    """The name of the preset that is exactly this specification, if one is."""
    return next((row.name for row in _ROWS if row.spec == spec), None)
