"""What is known of each data set before an image is read: its shapes and counts. No torch here."""

from collections.abc import Callable
from dataclasses import dataclass

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import DataChoice
from resnet_core.spec import ArchSpec
from resnet_core.train.folder import archive_facts

CIFAR100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
    castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
    elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
    man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
    pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
    skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
    tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""
# Shapes: a thousand tell accuracies to about one percent. Above a side of 96 there are fewer, so that drawing them
# takes a few seconds and 170 MB at any side.
SHAPES_TRAIN, SHAPES_TEST = 5000, 1000
SHAPES_FULL_SIDE = 96


@dataclass(frozen=True, slots=True)
class DataFacts:
    """One data set. ``size`` is its height and width in pixels; ``train`` and ``test`` count images.

    ``class_names`` are what the labels 0, 1, ... mean: English message ids where they are words of this program, else
    as the publisher or the visitor wrote them. Stored pixels go from 0 to ``brightest``.
    """

    name: str
    channels: int
    size: int
    classes: int
    train: int
    test: int
    source: str  # an English message id
    class_names: tuple[str, ...]
    brightest: int = 255


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
        brightest=16,
    ),
    "cifar10": DataFacts(
        name="cifar10",
        channels=3,
        size=32,
        classes=10,
        train=50_000,
        test=10_000,
        source=N_(
            "CIFAR-10, Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images: 60,000 colour "
            "photographs in ten classes, of which 10,000 are for testing."
        ),
        class_names=(
            "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
        ),
    ),
    "cifar100": DataFacts(
        name="cifar100",
        channels=3,
        size=32,
        classes=100,
        train=50_000,
        test=10_000,
        source=N_(
            "CIFAR-100, Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images: 60,000 colour "
            "photographs in a hundred classes, of which 10,000 are for testing."
        ),
        class_names=tuple(name.replace("_", " ") for name in CIFAR100.split()),
    ),
    "fashion_mnist": DataFacts(
        name="fashion_mnist",
        channels=1,
        size=28,
        classes=10,
        train=60_000,
        test=10_000,
        source=N_(
            "Fashion-MNIST, Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747): 70,000 grey pictures of clothes, of "
            "which 10,000 are for testing."
        ),
        class_names=(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ),
    ),
}  # fmt: skip


def facts(images: DataChoice | str) -> DataFacts:
    """The facts of some images; a bare name stands for a data set that needs nothing besides."""
    choice = as_choice(images)
    if choice.name in DATA:
        return DATA[choice.name]
    if choice.name in MADE:
        return MADE[choice.name](choice)
    raise Refusal(
        N_("There is no data set {data}; there are {names}."),
        field="data", data=choice.name, names=", ".join([*DATA, *MADE]),
    )  # fmt: skip


def _shapes(choice: DataChoice) -> DataFacts:
    names = (
        N_("circle"), N_("ring"), N_("square"), N_("triangle"), N_("cross"), N_("star"), N_("bar"), N_("crescent")
    )  # fmt: skip
    share = min(1.0, (SHAPES_FULL_SIDE / choice.side) ** 2)
    return DataFacts(
        name="shapes",
        channels=3,
        size=choice.side,
        classes=len(names),
        train=int(SHAPES_TRAIN * share),
        test=int(SHAPES_TEST * share),
        source=N_(
            "Coloured shapes, drawn by this program from a fixed seed: eight outlines of random colour, place, size "
            "and turn on a noisy ground, so that only the outline tells the class."
        ),
        class_names=names,
    )


def _own(choice: DataChoice) -> DataFacts:
    if not choice.archive:
        raise Refusal(
            N_("Your own images need an archive: upload a zip with a folder for each class."), field="data"
        )  # fmt: skip
    kept = archive_facts(choice.archive)
    if kept is None:
        raise Refusal(
            N_("The uploaded archive {archive} is not kept here any more: upload it again."),
            field="data", archive=choice.archive,
        )  # fmt: skip
    if kept.side != choice.side:
        raise Refusal(
            N_("The uploaded images were cut to {kept}x{kept} pixels, not {side}x{side}: upload them again for another "
               "side."),
            field="side", kept=kept.side, side=choice.side,
        )  # fmt: skip
    return DataFacts(
        name="own",
        channels=3,
        size=kept.side,
        classes=len(kept.class_names),
        train=kept.train,
        test=kept.test,
        source=N_("A visitor's own images from an uploaded archive, cut to squares; a fifth of each class is tested."),
        class_names=kept.class_names,
    )


# Data sets whose facts depend on the rest of the choice.
MADE: dict[str, Callable[[DataChoice], DataFacts]] = {"shapes": _shapes, "own": _own}


def facts_if_kept(images: DataChoice) -> DataFacts | None:
    """The facts of what an old run was trained on; None where a visitor's archive is not kept here any more."""
    try:
        return facts(images)
    except Refusal:
        return None


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
