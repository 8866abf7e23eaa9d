"""Study: one image inside a network, forward and backward. torch is imported where it is measured.

He et al. 2015, arXiv:1512.03385, section 4.2 and Figure 7: the residuals F(x) of a residual network are small beside x.
Where each block only adds to what was there, the image stays what it was; a plain network has to make it anew each
time, and in a deep one the images become alike before anything is learned (rank collapse: Daneshmand et al. 2020,
arXiv:2003.01652). Here one image goes through, and what becomes of it stands beside how unlike the images of a batch
still are: by the mean cosine of pairs, and by the dimensions that they use, the participation ratio of their
covariance.

The network is in evaluation mode, so that the image goes alone. A BatchNorm that has never been trained has no running
statistics: it is given those of the first batch of a training with the same seed.
"""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from resnet_core.cost.memory import refuse_inference_if_too_large
from resnet_core.errors import N_, Refusal
from resnet_core.fields import token, whole
from resnet_core.plan import plan
from resnet_core.probe.limits import on_images
from resnet_core.probe.picture import Picture
from resnet_core.recipe import Data
from resnet_core.records import Record, Some, Whole
from resnet_core.spec import ArchSpec
from resnet_core.study import Finding, OnImages, Progress, Study, Subject, Units, from_recipe
from resnet_core.train.facts import facts, fit

MOST_PIXELS = 270_000  # characters of base64: 256x256 pixels in three colours
MOST_BLOCKS, LARGEST = 10_000, 10**6
MIDDLE = -1  # as a row or a column


def _not_shown(options: "InsideOptions") -> str:
    return N_("An image of your own is shown instead.") if options.pixels else ""


def _no_block(options: "InsideOptions") -> str:
    return "" if options.block else N_("No block is opened.")


class InsideOptions(OnImages):
    """Which image is shown, and which block is opened."""

    seed: int = from_recipe("seed", N_("Decides the first weights, and which images an untrained BatchNorm measures."))
    batch_size: int = from_recipe(
        "batch_size", N_("So many training images give an untrained BatchNorm its statistics, and so many test images "
                         "are compared with each other.")
    )  # fmt: skip
    image: int = whole(0, N_("Test image"), N_("Its number, from 0."), "main", 0, LARGEST, idle=_not_shown)
    pixels: str = token(
        N_("Own image"),
        N_("An image of one's own instead, as base64 of one byte for each pixel and colour, row by row."),
        r"[A-Za-z0-9+/]+={0,2}",
        MOST_PIXELS,
    )
    block: int = whole(
        0, N_("Opened block"), N_("The block whose maps are taken in full, counted from 1; 0 opens none."),
        "more", 0, MOST_BLOCKS,
    )  # fmt: skip
    channel: int = whole(
        0, N_("Channel"), N_("Of the value that is written out as a sum."), "hidden", 0, LARGEST, idle=_no_block
    )
    row: int = whole(
        MIDDLE, N_("Row"), N_("Of that value, from 0; -1 is the middle."), "hidden", MIDDLE, LARGEST, idle=_no_block
    )
    column: int = whole(
        MIDDLE, N_("Column"), N_("Of that value, from 0; -1 is the middle."), "hidden", MIDDLE, LARGEST, idle=_no_block
    )


@dataclass(frozen=True, slots=True)
class Done(Record):
    """What one layer behind the last convolution makes of a value.

    ``given`` are the values that it reads there, in its order, ``result`` is what it puts out; ``constants`` are the
    numbers of a normalisation (mean, var, eps, weight, bias) or of a scale.
    """

    layer: str
    op: str
    given: tuple[float, ...]
    result: float
    constants: dict[str, float]


@dataclass(frozen=True, slots=True)
class Trace(Record):
    """One value of a block as the sum that it is: of the last convolution of its branch, then of what follows.

    ``inputs[i] * weights[i]``, over the channels of its group, rows and columns of the ``kernel``, and ``bias`` sum up
    to ``total``, what the module put out. The patch begins at ``top`` and ``left`` of the map that it reads, on its
    channels from ``first`` on; what lies outside is 0, the padding.
    """

    layer: str
    channel: Whole
    row: Whole
    column: Whole
    first: Whole
    top: int
    left: int
    kernel: Some
    inputs: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    total: float
    after: tuple[Done, ...]


@dataclass(frozen=True, slots=True)
class Maps(Record):
    """One block opened: its maps with every channel, and what one place of its output depends on.

    ``pictures``: ``x``, what the block takes in; ``before``, what the last convolution of the branch reads;
    ``residual``, F(x), where the branch ends; ``shortcut``, what is added to it, where that is not x itself; ``sum``;
    ``output``. A block without a shortcut has no sum. ``shapes`` are (C, H, W).

    The value at ``row`` and ``column`` depends by formula (:mod:`resnet_core.cost.receptive`) on the pixels of ``box``:
    top, left, bottom, right, the last two excluded; its field has ``field`` pixels a side, or is the ``whole`` image.
    ``spread`` is where |d value / d pixel| falls, the value summed over its channels and the slope over the colours;
    ``inside`` is its share within the box, and ``side`` the side of the smallest square around the field's middle that
    holds nine tenths of it (the effective field: Luo et al. 2016, arXiv:1701.04128).
    """

    block: Some
    name: str
    pictures: dict[str, Picture]
    shapes: dict[str, tuple[int, int, int]]
    row: Whole
    column: Whole
    field: Some
    whole: bool
    box: tuple[int, int, int, int]
    spread: Picture
    inside: float
    side: Whole
    trace: Trace


@dataclass(frozen=True, slots=True)
class Inside(Finding):
    """One image in a network, by block, and how unlike the blocks leave the images of a batch.

    For the unit ``names[i]``, from the first to the last: ``residual_shares[i]`` is ||F(x)|| / ||x||, x as it enters
    the addition, None where nothing is added or x is zero; ``gradient_rms[i]`` is the root mean square of the gradient
    of this image's cross entropy with respect to the unit's input. Over ``compared`` test images: ``cosines[i]`` is the
    mean cosine of the angle between what the unit puts out for two of them, all values as one vector, and
    ``dimensions[i]`` the participation ratio (tr C)^2 / tr(C^2) of the covariance C of what it puts out, averaged to
    2x2: from 1, all on one line, to the number of images less one. NaN where all are zero. ``thumbs[i]`` shows the
    channels of its output that vary most over the image, at most 16x16.

    ``probabilities``: of each class, by the softmax. ``label``: the image's class, "" where nobody knows. ``aim``: the
    class whose cross entropy it is: the label, or the class that the network itself names. ``shown`` is the image, 0 to
    1; ``number`` which test image it is, None for one's own. ``trained``: whether these are a kept run's weights; then
    BatchNorm has the statistics of that training, else those of its first batch. ``maps``: the opened block.
    """

    names: Units
    residual_shares: tuple[float | None, ...]
    gradient_rms: tuple[float, ...]
    cosines: tuple[float, ...]
    dimensions: tuple[float, ...]
    thumbs: tuple[Picture, ...]
    probabilities: dict[str, float]
    label: str
    aim: str
    loss: float
    shown: Picture
    number: Whole | None
    compared: Whole
    data: Data
    batch_size: int
    image_size: int
    trained: bool
    maps: Maps | None = None

    @property
    def named(self) -> str:
        """The class that the network names: the most probable, the first of equals."""
        return max(self.probabilities, key=lambda name: self.probabilities[name], default="")


def _limit(spec: ArchSpec, options: InsideOptions) -> None:
    on_images(refuse_inference_if_too_large)(spec, options)
    known = facts(options.images)
    wanted = known.channels * known.size**2
    if options.pixels and _bytes(options.pixels) != wanted:
        raise Refusal(
            N_("An own image for these data has {width}x{height} pixels and {channels} colours, {count} bytes in "
               "base64; this one has another size."),
            field="pixels", width=known.size, height=known.size, channels=known.channels, count=wanted,
        )  # fmt: skip
    if not options.pixels and options.image >= known.test:
        raise Refusal(
            N_("There are {count} test images, numbered from 0; there is no image {image}."),
            field="image",
            count=f"{known.test:,}",
            image=options.image,
        )
    if not options.block:
        return
    units = plan(fit(spec, options.images)).units
    if options.block > len(units):
        raise Refusal(
            N_("This network has {count} blocks; there is no block {block}."),
            field="block", count=len(units), block=options.block,
        )  # fmt: skip
    places = zip(("channel", "row", "column"), units[options.block - 1].body.out_shape, strict=True)
    for name, most in places:
        if getattr(options, name) >= most:
            raise Refusal(
                N_("Block {block} puts out {channels} channels of {height}x{width}, counted from 0; there is no value "
                   "at channel {channel}, row {row}, column {column}."),
                field=name, block=options.block, channel=options.channel, row=options.row, column=options.column,
                **dict(zip(("channels", "height", "width"), units[options.block - 1].body.out_shape, strict=True)),
            )  # fmt: skip


def _bytes(text: str) -> int:
    """How many bytes a base64 text holds; none where it is no such text."""
    try:
        return len(b64decode(text, validate=True))
    except ValueError:
        return 0


STUDY = Study(
    name="inside",
    title=N_("An image inside both networks"),
    says=N_(
        "One image goes through both networks, forward and backward; you see what each block makes of it, "
        "how alike it makes different images, and what the network answers."
    ),
    source="arXiv:1512.03385, section 4.2; arXiv:2003.01652; doi:10.23915/distill.00021",
    options=InsideOptions,
    record=Inside,
    run="resnet_core.probe.inside:measure",
    weights=True,
    stays=True,
    limit=_limit,
)


def measure(networks: Sequence[Subject], options: InsideOptions, progress: Progress) -> Iterator[Inside]:
    """One record a network. A child that stays keeps the last networks, so that the next image goes through at once."""
    from resnet_core.probe.passage import inside
    from resnet_core.probe.prepared import prepared

    for network in networks:
        _limit(network.spec, options)
        yield inside(prepared(network, options, progress), options)
