"""Which of a training's epochs keep their weights, and under which names. No torch here.

Each epoch leaves a file in the run folder, ``epoch-0003.safetensors``. So that they stay few, only each second is kept
once there would be too many, then each fourth and so on, and always the latest. What is kept follows from the number of
the epoch and the size of a file alone, so a training that is continued goes on with it, and what was left out can be
told from what is there. The first weights, epoch 0, need no file: the seed draws them.
"""

import re
from pathlib import Path

MOST_FILES, MOST_BYTES = 40, 64_000_000  # of one run
NAME = re.compile(r"epoch-(\d{4,9})\.safetensors")


def file_of(folder: Path, epoch: int) -> Path:
    """The weights after an epoch, from 1."""
    return folder / f"epoch-{epoch:04}.safetensors"


def kept(folder: Path) -> tuple[int, ...]:
    """The epochs of which a run folder holds the weights, in their order; epoch 0 is not among them."""
    try:
        names = [NAME.fullmatch(path.name) for path in folder.iterdir()]
    except OSError:
        return ()
    return tuple(sorted(int(name[1]) for name in names if name))


def stride(epoch: int, size: int) -> int:
    """After ``epoch`` epochs each so-many-th is kept, for files of ``size`` bytes; 0 where not even one may be."""
    most = min(MOST_FILES, MOST_BYTES // max(1, size))
    if most < 1:
        return 0
    step = 1
    while -(-epoch // step) > most:  # the latest is kept even where it is no multiple
        step *= 2
    return step


def left_out(epochs: tuple[int, ...]) -> int:
    """How many epochs up to the last one of these are not among them."""
    return max(epochs, default=0) - len(epochs)


def thin(folder: Path, epoch: int, size: int) -> None:
    """Delete what is not to be kept after ``epoch`` epochs: also what a training that was interrupted had written of
    later ones, which it makes again. OSError where a file cannot be deleted."""
    step = stride(epoch, size)
    for one in kept(folder):
        if one > epoch or (one != epoch and one % step):
            file_of(folder, one).unlink(missing_ok=True)
