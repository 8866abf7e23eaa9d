"""How people say the named networks: a title in every language the same, the family it belongs to, what it is for."""

from typing import NamedTuple

from resnet_core.errors import N_


class Told(NamedTuple):
    """``title`` is a proper name; ``group`` and ``line``, a plain sentence, are message ids."""

    title: str
    group: str
    line: str


_CIFAR = N_("CIFAR, with skip connections")
_PLAIN = N_("CIFAR, plain")
_PREACT = N_("CIFAR, pre-activation")
_IMAGENET = N_("ImageNet")
_IMAGENET_PLAIN = N_("ImageNet, plain")
_WIDER = N_("ImageNet, wider and grouped")
_VARIANTS = N_("Variants of ResNet-50")
_OTHERS = N_("Other families on CIFAR")
_STRIDE = N_("ImageNet, the 2015 paper's stride")

_TWIN = N_("The same layers as the ResNet of this depth, without a shortcut.")
_ORIGINAL_STRIDE = N_("Halves the map in the first 1x1, as the 2015 paper does; torchvision halves it in the 3x3.")

TOLD = {
    "cifar20": Told("ResNet-20 (CIFAR)", _CIFAR, N_("The smallest of the 2015 paper; trains within seconds here.")),
    "cifar32": Told("ResNet-32 (CIFAR)", _CIFAR, N_("Five blocks in each of three stages.")),
    "cifar44": Told("ResNet-44 (CIFAR)", _CIFAR, N_("Seven blocks in each of three stages.")),
    "cifar56": Told("ResNet-56 (CIFAR)", _CIFAR, N_("Deep enough that its plain twin fails to learn.")),
    "cifar110": Told("ResNet-110 (CIFAR)", _CIFAR, N_("The best of the 2015 paper on CIFAR-10.")),
    "cifar1202": Told(
        "ResNet-1202 (CIFAR)", _CIFAR, N_("Still trains, and overfits: more depth is not always better.")
    ),
    **{f"plain{depth}": Told(f"Plain-{depth} (CIFAR)", _PLAIN, _TWIN) for depth in (20, 32, 44, 56, 110)},
    "preact110": Told(
        "Pre-activation ResNet-110",
        _PREACT,
        N_("BatchNorm and ReLU before each convolution: the shortcut stays clean."),
    ),
    "preact164": Told("Pre-activation ResNet-164", _PREACT, N_("Bottleneck blocks in the order of the 2016 paper.")),
    "preact1001": Told("Pre-activation ResNet-1001", _PREACT, N_("A thousand layers that still learn.")),
    "resnet18": Told("ResNet-18", _IMAGENET, N_("The smallest for ImageNet, of basic blocks.")),
    "resnet34": Told("ResNet-34", _IMAGENET, N_("The deepest for ImageNet that is made of basic blocks.")),
    "resnet50": Told("ResNet-50", _IMAGENET, N_("The one that most people mean; bottleneck blocks.")),
    "resnet101": Told("ResNet-101", _IMAGENET, N_("ResNet-50 with a longer third stage.")),
    "resnet152": Told("ResNet-152", _IMAGENET, N_("The deepest of the 2015 paper on ImageNet.")),
    "resnext50_32x4d": Told("ResNeXt-50 32×4d", _WIDER, N_("ResNet-50 with its 3x3 in 32 groups.")),
    "resnext101_32x8d": Told("ResNeXt-101 32×8d", _WIDER, N_("A deep one with 32 groups of eight channels.")),
    "resnext101_64x4d": Told("ResNeXt-101 64×4d", _WIDER, N_("A deep one with 64 groups of four channels.")),
    "wide_resnet50_2": Told("Wide ResNet-50-2", _WIDER, N_("ResNet-50 with twice the channels in the 3x3.")),
    "wide_resnet101_2": Told("Wide ResNet-101-2", _WIDER, N_("ResNet-101 with twice the channels in the 3x3.")),
    "resnet50d": Told("ResNet-50-D", _VARIANTS, N_("A deep stem, and an average pool before each projection.")),
    "seresnet50": Told("SE-ResNet-50", _VARIANTS, N_("ResNet-50 that weighs the channels of each branch.")),
    "resnet50_gn": Told("ResNet-50 (GroupNorm)", _VARIANTS, N_("ResNet-50 whose batch may be as small as you like.")),
    "wrn28_10": Told("Wide ResNet-28-10", _OTHERS, N_("Shallow and ten times as wide.")),
    "resnext29_8x64d": Told("ResNeXt-29 8×64d", _OTHERS, N_("Bottlenecks with eight groups of 64 channels.")),
    "resnet18_cifar": Told("ResNet-18 (CIFAR)", _OTHERS, N_("ImageNet's four stages, on images of 32 pixels.")),
    **{
        f"resnet{depth}_v1": Told(f"ResNet-{depth}, stride on the 1×1", _STRIDE, _ORIGINAL_STRIDE)
        for depth in (50, 101, 152)
    },
    "plain18": Told("Plain-18", _IMAGENET_PLAIN, _TWIN),
    "plain34": Told("Plain-34", _IMAGENET_PLAIN, _TWIN),
}
