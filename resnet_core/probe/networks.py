"""What a study needs besides its networks: their modules, with first or trained weights, and images. Imports torch."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from resnet_core import devices
from resnet_core.errors import N_, Refusal
from resnet_core.model.network import ResNet, build
from resnet_core.probe.limits import Estimate
from resnet_core.recipe import TRAIN_FIELDS, DataChoice
from resnet_core.spec import ArchSpec
from resnet_core.study import Counter, OnImages, Progress, Subject
from resnet_core.train import sets
from resnet_core.train.data import Images, batches, load
from resnet_core.train.facts import fit
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
        fetch(choice, progress)
    return load(choice, size)


def fetch(choice: DataChoice, progress: Progress) -> None:
    """Bring a published set here, and tell how far it is. At a stop, what has arrived is kept."""
    with closing(sets.fetching(choice)) as parts:  # type: ignore[type-var]
        for known in parts:
            done, total = (f"{count / 1e6:.1f}" for count in (known.done_bytes, known.total_bytes))
            progress(
                known.done_bytes, known.total_bytes, N_("Fetching {data}: {done} of {total} MB"),
                data=TRAIN_FIELDS["data"].choices[choice.name], done=done, total=total,
            )  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """A network ready to be measured: fitted to its images, on its device, with first or trained weights.

    The device is in the state of a training's first step while :meth:`repeatable` is open.
    """

    subject: Subject
    options: OnImages
    spec: ArchSpec
    images: Images
    place: torch.device
    model: ResNet
    started: float = field(repr=False)

    def first_batch(self) -> tuple[Tensor, Tensor]:
        """The very images and labels of a training's first step, on the device."""
        options = self.options
        index = next(batches(self.images, epoch=1, seed=options.seed, batch_size=options.batch_size))
        inputs, labels = self.images.train_batch(index)
        return inputs.to(self.place), labels.to(self.place)

    def repeatable(self) -> Any:
        """While open, what is drawn is what the first step of a training with this seed draws."""
        return devices.repeatable(self.place, self.options.seed, step=1)

    @property
    def layout(self) -> torch.memory_format:
        """The order of axes in which a forward pass is quickest: channels last takes two thirds of the time on a CPU
        (BatchNorm and averages alone less than half) and differs by rounding. Apple's kernels want the other."""
        return torch.contiguous_format if self.place.type == "mps" else torch.channels_last

    def laid_out(self) -> ResNet:
        """The network in that layout."""
        model: ResNet = self.model.to(memory_format=self.layout)  # type: ignore[call-overload]  # torch's stubs lack it
        return model

    @property
    def facts(self) -> dict[str, Any]:
        """The fields that the records of all studies on images have."""
        return {
            "data": self.options.data, "batch_size": self.options.batch_size, "image_size": self.spec.image_shape[0],
            "trained": self.subject.weights is not None, **self.subject.mark,
            **devices.provenance(self.options.device, self.options.seed, self.started),
        }  # fmt: skip


def bench(subject: Subject, options: OnImages, refuse: Estimate, progress: Progress) -> Bench:
    """Prepare a network; ``refuse`` estimates what it takes. The time begins when its images are here."""
    place = devices.resolve(options.device)
    spec = fit(subject.spec, options.images)
    refuse(spec, options.batch_size, available=devices.free_bytes(options.device))
    shown = images(options.images, spec.image_shape[0], progress)
    started = time.perf_counter()
    return Bench(subject, options, spec, shown, place, module(spec, options.seed, subject.weights, place), started)


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
