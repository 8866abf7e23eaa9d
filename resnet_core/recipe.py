"""How a network is trained: the second specification. No torch here."""

from typing import Literal

from resnet_core.errors import N_
from resnet_core.fields import Specification, choice, field_table, real, whole


class TrainSpec(Specification):
    """How a network is trained. The default shows the point of the 2015 paper on a CPU within half a minute.

    SGD with momentum (2015 paper, section 3.4) under a one-cycle learning rate (Smith and Topin 2017,
    arXiv:1708.07120), which lets a deep network reach its accuracy in ten epochs where the paper's steps need hundreds.
    """

    data: Literal["digits"] = choice(
        "digits",
        N_("Images"),
        N_("Handwritten digits: 1,797 real grey images of 8x8 pixels, bundled with scikit-learn."),
        "more",
        {"digits": N_("digits")},
    )
    epochs: int = whole(10, N_("Epochs"), N_("Passes over the training images."), "main", 1, 200)
    batch_size: int = whole(128, N_("Batch size"), N_("Images in one step."), "more", 2, 1024)
    learning_rate: float = real(
        0.05, N_("Peak learning rate"), N_("The highest point of the one-cycle schedule."), "more", 1e-5, 10.0
    )
    momentum: float = real(0.9, N_("Momentum"), N_("Of stochastic gradient descent."), "more", 0.0, 0.99)
    weight_decay: float = real(1e-4, N_("Weight decay"), N_("L2 penalty on all weights."), "more", 0.0, 0.1)
    seed: int = whole(0, N_("Seed"), N_("Decides the first weights and the order of the images."), "main", 0, 2**31 - 1)
    device: Literal["cpu", "cuda", "mps"] = choice(
        "cpu",
        N_("Device"),
        N_("Where the network is trained: the processor, an NVIDIA GPU (CUDA) or an Apple GPU (MPS)."),
        "main",
        {"cpu": N_("CPU"), "cuda": N_("CUDA"), "mps": N_("MPS")},
    )


TRAIN_FIELDS = field_table(TrainSpec)
