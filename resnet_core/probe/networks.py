"""What a study needs besides its networks: their modules, with first or trained weights, and images. Imports torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from resnet_core.errors import N_, Refusal
from resnet_core.model.network import ResNet, build
from resnet_core.recipe import TRAIN_FIELDS, DataChoice
from resnet_core.spec import ArchSpec
from resnet_core.study import Counter, Progress
from resnet_core.train import sets
from resnet_core.train.data import Images, load


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


@contextmanager
def counted(model: ResNet, counter: Counter, *, backward: bool = False) -> Iterator[None]:
    """Meanwhile, each unit of ``model`` counts when it is computed, and again when its gradient arrives."""

    def watch(_unit: nn.Module, args: tuple[Tensor, ...]) -> None:
        if args[0].requires_grad:
            args[0].register_hook(counter)  # type: ignore[no-untyped-call]

    handles: list[Any] = [unit.register_forward_hook(counter) for unit in model.units]
    if backward:
        handles += [unit.register_forward_pre_hook(watch) for unit in model.units]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
