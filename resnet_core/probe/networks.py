"""What a study needs besides its networks: their modules, with first or trained weights, and images. Imports torch."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from resnet_core.errors import N_, Refusal
from resnet_core.model.network import ResNet, build
from resnet_core.recipe import TRAIN_FIELDS, DataChoice
from resnet_core.spec import ArchSpec
from resnet_core.study import Counter, Progress
from resnet_core.train import sets
from resnet_core.train.data import Images, load
from resnet_core.train.hooks import Listener


def module(spec: ArchSpec, seed: int, weights: Path | None, place: torch.device) -> ResNet:
    """The network on a device, with the first weights of ``seed`` or with those of a file."""
    model = build(spec, seed=seed)
    if weights is not None:
        try:
            model.load_state_dict(load_file(weights))
        except (OSError, SafetensorError, RuntimeError) as error:
            raise Refusal(
                N_("The weights in {file} cannot be used for this network ({reason})."),
                file=str(weights), reason=str(error).splitlines()[0],
            ) from error  # fmt: skip
    return model.to(place)


def images(choice: DataChoice, size: int, progress: Progress) -> Images:
    """The images of a choice at a network's size; a published set that is not here is fetched first."""
    if not sets.ready(choice):
        title = TRAIN_FIELDS["data"].choices[choice.name]
        for known in sets.fetching(choice):
            done, total = (f"{count / 1e6:.1f}" for count in (known.done_bytes, known.total_bytes))
            progress(
                known.done_bytes, known.total_bytes, N_("Fetching {data}: {done} of {total} MB"),
                data=title, done=done, total=total,
            )  # fmt: skip
    return load(choice, size)


class Pass(Listener):
    """While open, tells of one pass through a network in training mode, unit by unit.

    ``counter`` counts each unit when it is computed, and again when its gradient arrives. ``note`` is handed what each
    puts out, ``(N, C, H, W)``.
    """

    def __init__(self, model: ResNet, counter: Counter, note: Callable[[Tensor], None] | None = None) -> None:
        super().__init__(model)
        self._counter, self._note = counter, note

    def leaving(self, _unit: int, y: Tensor) -> None:
        """On the way forward."""
        if self._note:
            self._note(y)
        self._counter()

    def returning(self, _unit: int, _gradient: Tensor) -> None:
        """On the way back."""
        self._counter()
