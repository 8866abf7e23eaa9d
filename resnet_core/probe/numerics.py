"""Study: which precision and memory format are fastest on a device for some networks together. No torch here.

It is what ``auto`` in a recipe comes to; :mod:`resnet_core.train.tuning` measures it, and remembers the answer.
"""

from resnet_core.errors import N_
from resnet_core.recipe import Augmentation, MemoryFormat, Precision
from resnet_core.study import SEED, OnImages, Study, from_recipe
from resnet_core.train.records import Settings


class NumericsOptions(OnImages):
    """Of a recipe, what numerics depend on; what it does not leave to ``auto`` is kept."""

    seed: int = from_recipe("seed", SEED)  # what it computes on is drawn
    augmentation: Augmentation = from_recipe("augmentation")
    precision: Precision = from_recipe("precision")
    memory_format: MemoryFormat = from_recipe("memory_format")


STUDY = Study(
    name="numerics",
    title=N_("Images a second in each number format"),
    says=N_(
        "A few steps of training are timed in each number format, and the fastest is taken for a training "
        "that leaves the choice open."
    ),
    source="arXiv:1710.03740",
    options=NumericsOptions,
    record=Settings,
    run="resnet_core.train.tuning:measure",
    together=True,
    stays=True,
)
