"""What a study on images refuses before a child is asked. No torch here."""

from collections.abc import Callable
from typing import Any

from resnet_core.spec import ArchSpec
from resnet_core.study import OnImages
from resnet_core.train.facts import fit

Estimate = Callable[..., Any]  # refuse_if_too_large, of a training's step or of a forward pass


def on_images(refuse: Estimate) -> Callable[[ArchSpec, OnImages], None]:
    """The limit of a study: what a batch takes must be there; a GPU's own memory is known where it is used."""

    def limit(spec: ArchSpec, options: OnImages) -> None:
        fitted = fit(spec, options.images)
        if options.device != "cuda":
            refuse(fitted, options.batch_size)

    return limit
