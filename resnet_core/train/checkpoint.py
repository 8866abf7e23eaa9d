"""What a training leaves in its folder: its weights, and everything that it needs to be continued.

``last.safetensors`` and ``best.safetensors`` hold a state_dict under torchvision's names. ``resume.safetensors`` is
whole in itself: the weights, the optimiser's state, and in its metadata the two specifications and how far it came.
``resume.json`` repeats those for a reader without torch. No random state is kept: the random numbers of a step depend
on the seed and on its number alone. ``epoch-0003.safetensors`` holds the weights after an epoch; few of them are kept
(:mod:`resnet_core.train.epochs`). Each file is written under another name and renamed, so that none is ever half.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from resnet_core.errors import N_, Refusal
from resnet_core.recipe import TrainSpec
from resnet_core.records import Record, dumps, from_dict
from resnet_core.spec import ArchSpec
from resnet_core.train import epochs
from resnet_core.train.optimizers import Optimizer
from resnet_core.train.records import StepRecord

FORMAT = 1
PAUSE_S = 10.0  # of active time between two checkpoints
LAST, BEST, RESUME, FACTS = "last.safetensors", "best.safetensors", "resume.safetensors", "resume.json"
MODEL, OPTIMIZER = "model.", "optimizer."

Warn = Callable[[Refusal], None]


@dataclass(slots=True)
class Progress(Record):
    """How far a training came: ``step`` steps are in the weights.

    ``pending`` are the records not yet handed out; ``recent`` those handed out last, which a reader that was killed may
    not have taken.

    ``time_s`` is the active time, ``steps_s`` that of the steps alone and ``warmup_s`` that of the warm-up's steps.
    ``precision`` and ``memory_format`` are what they were settled to.
    """

    precision: str
    memory_format: str
    step: int = 0
    epoch: int = 1
    time_s: float = 0.0
    steps_s: float = 0.0
    warmup_s: float = 0.0
    test_accuracy: float | None = None  # the latest
    best_accuracy: float | None = None
    best_step: int = 0
    finished: bool = False
    pending: tuple[StepRecord, ...] = ()
    recent: tuple[StepRecord, ...] = ()


class Keeper:
    """Writes the checkpoints of one run. Without a folder it writes nothing.

    A write that fails is told to ``warn``, once until one succeeds; what was written before stays, the training goes
    on, and the next checkpoint is tried again.
    """

    def __init__(self, folder: Path | None, spec: ArchSpec, how: TrainSpec, warn: Warn) -> None:
        self._folder, self._warn = folder, warn
        self._asked = _asked(spec, how)
        self._saved_s = 0.0
        self._best: dict[str, Tensor] | None = None
        self._failing = False

    def note_test(self, model: nn.Module, progress: Progress, accuracy: float) -> None:
        """Remember the weights if no test went better; at a tie the earlier ones stay. Keep those of the epoch."""
        progress.test_accuracy = accuracy
        if progress.best_accuracy is None or accuracy > progress.best_accuracy:
            progress.best_accuracy, progress.best_step = accuracy, progress.step
            if self._folder:
                self._best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        if self._folder:
            with self._told(self._folder):
                self._keep_epoch(self._folder, model, progress)

    def _keep_epoch(self, folder: Path, model: nn.Module, progress: Progress) -> None:
        """Write the weights of the epoch that has just been tested, if any may be kept, and thin what is there."""
        weights = model.state_dict()
        size = sum(tensor.nbytes for tensor in weights.values())
        if not epochs.stride(progress.epoch, size):
            return
        tested = {"epoch": progress.epoch, "step": progress.step, "test_accuracy": progress.test_accuracy}
        _write(epochs.file_of(folder, progress.epoch), weights, {**self._asked, **tested})
        epochs.thin(folder, progress.epoch, size)

    def due(self, time_s: float) -> bool:
        """Whether the last checkpoint is long enough ago."""
        return self._folder is not None and time_s - self._saved_s >= PAUSE_S

    def save(self, model: nn.Module, optimizer: Optimizer, progress: Progress) -> None:
        """Write all files."""
        if self._folder is None:
            return
        facts = {"format": FORMAT, **self._asked, "progress": progress}
        tested = {"step": progress.step, "test_accuracy": progress.test_accuracy}
        best = {"step": progress.best_step, "test_accuracy": progress.best_accuracy}
        self._saved_s = progress.time_s
        with self._told(self._folder):
            _write(self._folder / LAST, model.state_dict(), {**self._asked, **tested})
            if self._best is not None:
                _write(self._folder / BEST, self._best, {**self._asked, **best})
                self._best = None
            _write(self._folder / RESUME, _state(model, optimizer), facts)
            part = self._folder / f"{FACTS}.part"
            part.write_text(dumps(facts) + "\n", encoding="utf-8")
            part.replace(self._folder / FACTS)

    @contextmanager
    def _told(self, folder: Path) -> Iterator[None]:
        """Files are written inside; what fails is told."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            yield
            self._failing = False
        except (OSError, SafetensorError) as error:
            for part in folder.glob("*.part"):
                part.unlink(missing_ok=True)
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            if not self._failing:
                self._warn(
                    Refusal(
                        N_("The weights of this run cannot be saved in {folder} ({reason}); the training goes on, and "
                           "what had been saved is kept."),
                        folder=str(folder), reason=reason,
                    )
                )  # fmt: skip
            self._failing = True


def kept(folder: Path) -> bool:
    """Whether a training could go on from this folder."""
    return (folder / RESUME).exists()


def read(folder: Path, spec: ArchSpec, how: TrainSpec) -> Progress:
    """How far the run in ``folder`` came; a refusal where it cannot be continued with these specifications."""
    path = folder / RESUME
    if not path.exists():
        raise Refusal(
            N_("There is nothing to continue in {folder}: it holds no {file}."), folder=str(folder), file=RESUME
        )
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        facts = {name: json.loads(value) for name, value in metadata.items()}
        found = facts["format"]
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise Refusal(N_("{file} cannot be read ({reason})."), file=str(path), reason=str(error)) from error
    if found != FORMAT:
        raise Refusal(
            N_("{file} was written by another version of this program (format {found}; this one reads {format})."),
            file=str(path), found=found, format=FORMAT,
        )  # fmt: skip
    for part, wanted in _asked(spec, how).items():
        other = [name for name in wanted if facts[part].get(name) != wanted[name]]
        if other or set(facts[part]) - set(wanted):
            raise Refusal(
                N_("{file} belongs to another run: it differs in {fields}. A run is continued with the network and the "
                   "recipe that it was started with."),
                file=str(path), fields=", ".join(other or sorted(set(facts[part]) - set(wanted))),
            )  # fmt: skip
    return from_dict(Progress, facts["progress"])


@torch.no_grad()
def restore(folder: Path, model: nn.Module, optimizer: Optimizer) -> None:
    """Fill a freshly built model and its optimiser, both on their device, with what was saved.

    Every tensor keeps the memory format of its weight, for an operator may add in another order in another format.
    """
    tensors = _state(model, optimizer)
    with safe_open(folder / RESUME, "pt") as file:
        for key in file.keys():  # noqa: SIM118 - it is no mapping
            tensors[key].copy_(file.get_tensor(key))


def _state(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """All that a step depends on, by its key in the file: the tensors themselves, to be read or written."""
    tensors = {MODEL + name: tensor for name, tensor in model.state_dict().items()}
    names = [name for name, _ in model.named_parameters()]
    for part, values in optimizer.state.items():
        tensors |= {f"{OPTIMIZER}{name}.{part}": value for name, value in zip(names, values, strict=True)}
    return tensors


def _write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    part = path.with_name(f"{path.name}.part")
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(whole, part, {name: dumps(value) for name, value in facts.items()})
    part.replace(path)


def _asked(spec: ArchSpec, how: TrainSpec) -> dict[str, dict[str, Any]]:
    """The specifications as they stand in a file."""
    return {"arch": spec.model_dump(mode="json"), "train": how.model_dump(mode="json")}
