"""How a network is trained: the second specification. No torch here.

Sources: He et al. 2015, arXiv:1512.03385, sections 3.4 and 4.2 ("the 2015 paper"); Smith and Topin 2017,
arXiv:1708.07120 (one cycle); Loshchilov and Hutter 2016 and 2017, arXiv:1608.03983 (cosine) and 1711.05101 (AdamW);
Goyal et al. 2017, arXiv:1706.02677, section 2.2 (warm-up); Szegedy et al. 2015, arXiv:1512.00567, section 7 (label
smoothing). Named recipes are rows of :mod:`resnet_core.recipes`.
"""

from operator import index
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, model_validator

from resnet_core.errors import N_, FieldName, Refusal
from resnet_core.fields import Specification, choice, field_table, real, shorten, switch, token, whole, wholes

Data = Literal["digits", "cifar10", "cifar100", "fashion_mnist", "shapes", "own"]
Augmentation = Literal["none", "shift", "shift_flip"]
Optimizer = Literal["sgd", "adamw"]
Schedule = Literal["constant", "step", "cosine", "one_cycle"]
Device = Literal["cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]
MemoryFormat = Literal["auto", "contiguous", "channels_last"]

MAX_DROPS = 8


class DataChoice(NamedTuple):
    """Which images: the name of a data set, and what it needs besides.

    ``side`` is the height and width at which shapes are drawn and a visitor's own images are kept; ``archive`` names
    those. Both mean nothing for the other data sets.
    """

    name: str = "digits"
    side: int = 32
    archive: str = ""


def _has_its_own_size(spec: Any) -> str:
    """Why a side has no effect: only drawn and uploaded images come in any size."""
    return "" if spec.data in ("shapes", "own") else N_("These images have a size of their own.")


def _read_drops(value: Any) -> tuple[int, ...]:
    """Percentages from a list or from text such as ``50,75``."""
    items = value.split(",") if isinstance(value, str) else value
    if isinstance(items, list) and items and items[-1] == "":
        items = items[:-1]
    try:
        drops = tuple(int(item) if isinstance(item, str) else index(item) for item in items)
    except (TypeError, ValueError):
        drops = (0,)
    if list(drops) != sorted(set(drops)) or not all(0 < drop < 100 for drop in drops) or len(drops) > MAX_DROPS:
        raise Refusal(
            N_("{name}: list at most {most} rising percentages of the training, each from 1 to 99, such as 50,75; got "
               "{got}."),
            field="drops", name=FieldName("drops", N_("Drops")), most=MAX_DROPS, got=shorten(value),
        )  # fmt: skip
    return drops


class TrainSpec(Specification):
    """How a network is trained. The default shows the point of the 2015 paper on a CPU within half a minute."""

    data: Data = choice(
        "digits",
        N_("Images"),
        N_("What is learned. Digits are bundled; CIFAR and Fashion-MNIST are fetched once; shapes are drawn here."),
        "data",
        {
            "digits": N_("digits"),
            "cifar10": N_("CIFAR-10"),
            "cifar100": N_("CIFAR-100"),
            "fashion_mnist": N_("Fashion-MNIST"),
            "shapes": N_("coloured shapes"),
            "own": N_("your own images"),
        },
    )
    side: int = whole(
        32, N_("Image side"), N_("Height and width of drawn shapes and of your own images, in pixels."), "data", 8, 224,
        idle=_has_its_own_size,
    )  # fmt: skip
    archive: str = token(N_("Archive"), N_("The name of an uploaded archive of images."), "[0-9a-f]{16}")
    augmentation: Augmentation = choice(
        "none",
        N_("Augmentation"),
        N_("How training images are varied: moved by up to an eighth of their side, or moved and mirrored as in the "
           "2015 paper, section 4.2 (pad 4, crop, flip)."),
        "data",
        {"none": N_("none"), "shift": N_("moved"), "shift_flip": N_("moved, mirrored")},
    )  # fmt: skip
    batch_size: int = whole(128, N_("Batch size"), N_("Images in one step."), "data", 2, 4096)
    epochs: int = whole(10, N_("Epochs"), N_("Passes over the training images."), "main", 1, 200)
    steps: int = whole(
        0, N_("Steps"), N_("How many batches to train on, instead of whole epochs; 0 counts epochs."), "length",
        0, 1_000_000,
    )  # fmt: skip
    seconds: int = whole(
        0, N_("Seconds"), N_("A budget of time for the steps, instead of epochs or steps; 0 sets none. Tests come on "
                             "top. Such a run depends on the clock, so that no two are equal to the last bit."),
        "length", 0, 86_400,
    )  # fmt: skip
    target_accuracy: float = real(
        0.0, N_("Target accuracy"), N_("Stop once this share of the test images is right; 0 sets none."), "length",
        0.0, 1.0,
    )  # fmt: skip
    optimizer: Optimizer = choice(
        "sgd",
        N_("Optimiser"),
        N_("Stochastic gradient descent with momentum, as in the papers, or AdamW (arXiv:1711.05101)."),
        "descent",
        {"sgd": N_("SGD"), "adamw": N_("AdamW")},
    )
    learning_rate: float = real(
        0.05, N_("Peak learning rate"), N_("The highest point of the schedule."), "descent", 1e-5, 10.0
    )
    momentum: float = real(
        0.9, N_("Momentum"), N_("Of stochastic gradient descent; AdamW's first beta."), "descent", 0.0, 0.99
    )
    nesterov: bool = switch(
        False, N_("Nesterov"), N_("Look ahead along the momentum before the gradient is taken (SGD)."), "descent"
    )
    weight_decay: float = real(
        1e-4, N_("Weight decay"), N_("L2 penalty on all weights; decoupled in AdamW."), "descent", 0.0, 0.5
    )
    label_smoothing: float = real(
        0.0, N_("Label smoothing"), N_("Share of each label that is spread over all classes (arXiv:1512.00567, "
                                       "section 7)."),
        "descent", 0.0, 0.9,
    )  # fmt: skip
    schedule: Schedule = choice(
        "one_cycle",
        N_("Schedule"),
        N_("How the learning rate moves: constant, divided by ten at each drop (the 2015 paper), half a cosine, or one "
           "cycle up and down (arXiv:1708.07120)."),
        "descent",
        {"constant": N_("constant"), "step": N_("step"), "cosine": N_("cosine"), "one_cycle": N_("one cycle")},
    )  # fmt: skip
    drops: Annotated[tuple[int, ...], BeforeValidator(_read_drops)] = wholes(
        (50, 75), N_("Drops"), N_("Where the step schedule divides the learning rate by ten, in percent of the "
                                  "training; the 2015 paper: 50,75."),
        "descent",
    )  # fmt: skip
    warmup_steps: int = whole(
        0, N_("Warm-up steps"), N_("Steps before the schedule begins to count; one cycle has a rise of its own."),
        "descent", 0, 100_000,
    )  # fmt: skip
    warmup: Literal["linear", "constant"] = choice(
        "linear",
        N_("Warm-up"),
        N_("A straight rise to the peak (arXiv:1706.02677, section 2.2), or a tenth of it, as the 2015 paper's "
           "ResNet-110."),
        "descent",
        {"linear": N_("linear"), "constant": N_("a tenth")},
    )  # fmt: skip
    seed: int = whole(0, N_("Seed"), N_("Decides the first weights and the order of the images."), "main", 0, 2**31 - 1)
    device: Device = choice(
        "cpu",
        N_("Device"),
        N_("Where the network is trained: the processor, an NVIDIA GPU (CUDA) or an Apple GPU (MPS)."),
        "main",
        {"cpu": N_("CPU"), "cuda": N_("CUDA"), "mps": N_("MPS")},
    )
    precision: Precision = choice(
        "auto",
        N_("Precision"),
        N_("float32 throughout, or bfloat16 where torch's autocast allows it. Auto takes what a short measurement on "
           "the device finds faster."),
        "device",
        {"auto": N_("auto"), "float32": N_("float32"), "bfloat16": N_("bfloat16")},
    )  # fmt: skip
    memory_format: MemoryFormat = choice(
        "auto",
        N_("Memory format"),
        N_("The order of a tensor's axes in memory: channels first (contiguous) or channels last. Auto takes what a "
           "short measurement on the device finds faster."),
        "device",
        {"auto": N_("auto"), "contiguous": N_("contiguous"), "channels_last": N_("channels last")},
    )  # fmt: skip
    compiled: bool = switch(
        False, N_("Compiled"), N_("torch.compile: half a minute before the first step, which pays in long runs on a "
                                  "GPU."),
        "device",
    )  # fmt: skip

    @property
    def images(self) -> DataChoice:
        """Which images are learned."""
        return DataChoice(self.data, self.side, self.archive)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.nesterov and (self.optimizer != "sgd" or self.momentum == 0):
            raise Refusal(
                N_("{name} needs SGD and a momentum above 0; got {optimizer}, {momentum}."),
                field="nesterov", name=self.said("nesterov"),
                optimizer=self.said("optimizer", self.optimizer), momentum=self.said("momentum", self.momentum),
            )  # fmt: skip
        return self


TRAIN_FIELDS = field_table(TrainSpec)
