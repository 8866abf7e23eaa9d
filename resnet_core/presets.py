"""Named networks, each a row with its evidence: the specification, its source, and what that source publishes."""

from difflib import get_close_matches
from typing import NamedTuple

from resnet_core.depths import stages_for_depth
from resnet_core.errors import N_, Refusal
from resnet_core.spec import ArchSpec

RESNET_2015 = "arXiv:1512.03385"
RESNET_2016 = "arXiv:1603.05027"
TORCHVISION = "torchvision"


class Preset(NamedTuple):
    """``published_params`` and ``published_gmacs`` (10^9) are the source's own figures, None where it prints
    too few digits to test against."""

    name: str
    spec: ArchSpec
    source: str
    published_params: int | None = None
    published_gmacs: float | None = None


_IMAGENET = ArchSpec(stem="imagenet", stages=(2, 2, 2, 2), width=64, projection="B", image_size=224, num_classes=1000)


def _imagenet(name: str, depth: int, params: int, gmacs: float, **changes: object) -> Preset:
    """A row of torchvision's models; the figures are ``num_params`` and ``_ops`` of its weights' metadata."""
    block = "basic" if depth < 50 else "bottleneck"
    spec = _IMAGENET.with_(block=block, stages=stages_for_depth(depth, stem="imagenet", block=block), **changes)
    return Preset(name, spec, f"{RESNET_2015}, Table 1; {TORCHVISION}", params, gmacs)


def _paper_stride(name: str, depth: int, gmacs: float) -> Preset:
    """The 2015 paper's own stride, on the first 1x1; Table 1 prints its cost to two digits (3.8 x 10^9)."""
    spec = _IMAGENET.with_(block="bottleneck", depth=depth, stride_on="1x1")
    return Preset(name, spec, f"{RESNET_2015}, Table 1", None, gmacs)


def _cifar(depth: int, *, plain: bool = False) -> Preset:
    """6n+2 layers with zero-padded shortcuts; the paper prints parameters in millions (Table 6)."""
    spec = ArchSpec().with_(depth=depth, skip=not plain)
    name = f"plain{depth}" if plain else f"cifar{depth}"
    return Preset(name, spec, f"{RESNET_2015}, section 4.2 and Table 6")


def _preact(depth: int) -> Preset:
    """The 2016 paper's networks: 110 layers of basic blocks, 164 and 1001 of bottlenecks, ordered as in Figure 4(e)."""
    block, projection = ("basic", "A") if depth == 110 else ("bottleneck", "B")
    spec = ArchSpec().with_(block=block, depth=depth, projection=projection, ordering="full_preact")
    return Preset(f"preact{depth}", spec, f"{RESNET_2016}, Tables 2 and 3")


_CIFAR_DEPTHS = (20, 32, 44, 56, 110)
_ROWS = (
    *(_cifar(depth) for depth in (*_CIFAR_DEPTHS, 1202)),
    *(_cifar(depth, plain=True) for depth in _CIFAR_DEPTHS),
    *(_preact(depth) for depth in (110, 164, 1001)),
    _imagenet("resnet18", 18, 11_689_512, 1.814),
    _imagenet("resnet34", 34, 21_797_672, 3.664),
    _imagenet("resnet50", 50, 25_557_032, 4.089),
    _imagenet("resnet101", 101, 44_549_160, 7.801),
    _imagenet("resnet152", 152, 60_192_808, 11.514),
    _imagenet("resnext50_32x4d", 50, 25_028_904, 4.230, groups=32, width_per_group=4),
    _imagenet("resnext101_32x8d", 101, 88_791_336, 16.414, groups=32, width_per_group=8),
    _imagenet("resnext101_64x4d", 101, 83_455_272, 15.460, groups=64, width_per_group=4),
    _imagenet("wide_resnet50_2", 50, 68_883_240, 11.398, width_per_group=128),
    _imagenet("wide_resnet101_2", 101, 126_886_696, 22.753, width_per_group=128),
    _paper_stride("resnet50_v1", 50, 3.8),
    _paper_stride("resnet101_v1", 101, 7.6),
    _paper_stride("resnet152_v1", 152, 11.3),
    *(
        Preset(f"plain{depth}", _IMAGENET.with_(depth=depth, skip=False), f"{RESNET_2015}, Tables 1 and 2")
        for depth in (18, 34)
    ),
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
