"""What is known of each data set before an image is read: its shapes and counts. No torch here."""

from dataclasses import dataclass

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import DataChoice
from resnet_core.spec import ArchSpec


@dataclass(frozen=True, slots=True)
class DataFacts:
    """One data set. ``size`` is its height and width in pixels; ``train`` and ``test`` count images."""

    name: str
    channels: int
    size: int
    classes: int
    train: int
    test: int
    source: str  # an English message id
    class_names: tuple[str, ...] = ()


DATA: dict[str, DataFacts] = {
    "digits": DataFacts(
        name="digits",
        channels=1,
        size=8,
        classes=10,
        train=1437,
        test=360,
        source=N_(
            "Optical Recognition of Handwritten Digits, Alpaydin and Kaynak 1998 (doi:10.24432/C50P49), test part, "
            "as bundled with scikit-learn: 1,797 images, of which 360 are kept for testing."
        ),
        class_names=tuple("0123456789"),
    ),
}


def facts(images: DataChoice | str) -> DataFacts:
    """The facts of some images; a bare name stands for a data set that needs nothing besides."""
    choice = as_choice(images)
    if choice.name not in DATA:
        raise Refusal(N_("There is no data set {data}; there are {names}."), data=choice.name, names=", ".join(DATA))
    return DATA[choice.name]


def as_choice(images: DataChoice | str) -> DataChoice:
    """A data set's bare name as the choice of it."""
    return DataChoice(images) if isinstance(images, str) else images


def enlargement(spec: ArchSpec, images: DataChoice | str = "digits") -> int:
    """How many pixels each pixel of an image becomes along one axis, so that the network has a map left at its end.

    The smallest power of two for which the enlarged image is at least ``spec.total_stride``: 1 for a CIFAR network on
    the 8x8 digits, 4 (32x32) for an ImageNet one with four stages.
    """
    size = facts(images).size
    factor = 1
    while size * factor < spec.total_stride:
        factor *= 2
    return factor


def fit(spec: ArchSpec, images: DataChoice | str) -> ArchSpec:
    """The same network with the data set's channels, classes and image size."""
    known = facts(images)
    return spec.with_(
        in_channels=known.channels, num_classes=known.classes, image_size=known.size * enlargement(spec, images)
    )


def steps_per_epoch(images: DataChoice | str, batch_size: int) -> int:
    """Full batches in one pass over the training images; the rest, less than one batch, is left out of that pass."""
    count = facts(images).train
    if batch_size > count:
        raise Refusal(
            N_("A batch of {batch_size} images is more than the {images} training images there are."),
            field="batch_size", batch_size=batch_size, images=count,
        )  # fmt: skip
    return count // batch_size
