"""Named recipes, each with its source. No torch here."""

from difflib import get_close_matches
from typing import NamedTuple

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import TrainSpec

ONE_CYCLE = "Smith and Topin 2017, arXiv:1708.07120"
PAPER = "He et al. 2015, arXiv:1512.03385, section 4.2"


class Recipe(NamedTuple):
    """One row. ``title`` is an English message id; ``source`` names the publication of what is particular to it."""

    name: str
    title: str
    source: str
    spec: TrainSpec


_PAPER = TrainSpec(
    data="cifar10", augmentation="shift_flip", batch_size=128, steps=64_000, learning_rate=0.1, momentum=0.9,
    weight_decay=1e-4, schedule="step", drops=(50, 75), precision="float32",
)  # fmt: skip
_ROWS = (
    Recipe("quick", N_("digits, half a minute on a processor"), ONE_CYCLE, TrainSpec()),
    Recipe(
        "quick_gpu",
        N_("CIFAR-10, fifteen epochs on a GPU"),
        ONE_CYCLE,
        TrainSpec(
            data="cifar10", augmentation="shift_flip", batch_size=512, epochs=15, learning_rate=0.4, nesterov=True,
            weight_decay=5e-4, schedule="one_cycle", device="cuda",
        ),
    ),
    Recipe("paper", N_("as in the 2015 paper: CIFAR-10, 64,000 steps"), PAPER, _PAPER),
    Recipe(
        "paper110",
        N_("as the 2015 paper's ResNet-110: the same after 400 steps at a tenth of the rate"),
        PAPER,
        _PAPER.with_(warmup_steps=400, warmup="constant"),
    ),
    Recipe(
        "adamw",
        N_("digits with AdamW and half a cosine"),
        "Loshchilov and Hutter 2017, arXiv:1711.05101",
        TrainSpec(optimizer="adamw", learning_rate=2e-3, weight_decay=0.05, schedule="cosine", warmup_steps=11),
    ),
)  # fmt: skip
_TABLE = {row.name: row for row in _ROWS}


def recipes() -> dict[str, Recipe]:
    """Every named recipe."""
    return dict(_TABLE)


def recipe(name: str) -> TrainSpec:
    """The specification of a named recipe; an unknown name is refused with the nearest ones."""
    if name in _TABLE:
        return _TABLE[name].spec
    near = get_close_matches(name, _TABLE, n=3) or list(_TABLE)
    raise Refusal(
        N_("There is no recipe {name}; near to it: {near}."), field="recipe", name=name[:40], near=", ".join(near)
    )
