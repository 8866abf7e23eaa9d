"""The training loop: one generator that yields a record after every step.

He et al. 2015, arXiv:1512.03385, sections 3.4 and 4.2: gradient descent in mini-batches on the cross entropy, tested
after each epoch. What varies stands in the recipe; the rate in :mod:`~resnet_core.train.schedule`.
"""

import time
from collections import deque
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from resnet_core import devices
from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import N_, Refusal
from resnet_core.plan import plan
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.train import checkpoint, diagnose, schedule
from resnet_core.train.breaks import Hold, Ready, at_once, never
from resnet_core.train.checkpoint import Keeper, Progress, Warn
from resnet_core.train.facts import facts, fit, steps_per_epoch
from resnet_core.train.numerics import refuse_if_it_cannot_compile
from resnet_core.train.records import RunHeader, StepRecord
from resnet_core.train.training import Done, Launched, Training
from resnet_core.train.tuning import settle

RECENT = 64  # records that a reader may have left in the pipe when it was killed


def _silent(_warning: Refusal) -> None:
    """For who keeps no checkpoints."""


def train(
    spec: ArchSpec,
    how: TrainSpec,
    *,
    folder: Path | None = None,
    resume: bool = False,
    after: int | None = None,
    warn: Warn = _silent,
    hold: Hold = never,
    ready: Ready = at_once,
) -> Generator[StepRecord, None, None]:
    """Train the network on the data of ``how`` and yield one record a step.

    What cannot be trained (an absent device, too little memory) is refused here, before the first record is asked for.
    A number that is not finite ends the training with :class:`~resnet_core.train.records.Diverged`, after the record of
    its step. The same specifications on the same device with one thread give the same losses to the last bit.

    With ``folder`` the weights are kept there (:mod:`resnet_core.train.checkpoint`): after tests, at the end, and when
    the generator is closed. With ``resume`` the training that was stopped there goes on from its last checkpoint, with
    the numbers of one that was never stopped: from the record behind ``after`` if the caller says which is the last
    that it has (it may have been killed before it took all), else from the first one that was not handed out. ``warn``
    is called where the folder cannot be written; ``hold`` at each unit of the network, to wait in the middle of a step;
    it says how many seconds it waited. ``ready`` is called once, when the first step could be taken, and may wait too.
    """
    fitted = _refuse(spec, how)
    saved = None
    if resume:
        if folder is None:
            raise ValueError("resume needs the folder to go on from")
        saved = checkpoint.read(folder, spec, how)
        settled = how.with_(precision=saved.precision, memory_format=saved.memory_format)
    else:
        settled = settle(spec, how)
    progress = saved or Progress(settled.precision, settled.memory_format)
    keeper = Keeper(folder, spec, how, warn)
    begin = partial(Training, fitted, settled, progress, folder if saved else None, hold)
    return _records(begin, progress, keeper, after, ready)


def run_header(spec: ArchSpec, how: TrainSpec) -> RunHeader:
    """The facts of the run that :func:`train` with the same arguments makes."""
    started = time.perf_counter()
    fitted, settled = fit(spec, how.images), settle(spec, how)
    return RunHeader(
        arch=spec.model_dump(mode="json"),
        fitted=fitted.model_dump(mode="json"),
        train=how.model_dump(mode="json"),
        unit_names=tuple(unit.name for unit in plan(fitted).units),
        steps=schedule.length_in_steps(how),
        steps_per_epoch=steps_per_epoch(how.images, how.batch_size),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        precision=settled.precision,
        memory_format=settled.memory_format,
        compiled=how.compiled,
        classes=facts(how.images).class_names,
        seconds=how.seconds,
        **devices.provenance(how.device, how.seed, started),
    )


def _refuse(spec: ArchSpec, how: TrainSpec) -> ArchSpec:
    """The network fitted to the data; a refusal of what cannot be trained, before anything is built."""
    device = devices.resolve(how.device)
    fitted = fit(spec, how.images)
    refuse_if_too_large(fitted, how.batch_size, available=devices.free_bytes(how.device))
    steps_per_epoch(how.images, how.batch_size)
    length = schedule.length_in_steps(how)
    if length and how.warmup_steps >= length:
        raise Refusal(
            N_("A warm-up of {warmup_steps} steps leaves nothing of a training of {steps} steps."),
            field="warmup_steps", warmup_steps=how.warmup_steps, steps=length,
        )  # fmt: skip
    if how.compiled:
        refuse_if_it_cannot_compile(device)
    return fitted


def _records(
    begin: Callable[[], Training], progress: Progress, keeper: Keeper, after: int | None, ready: Ready
) -> Generator[StepRecord, None, None]:
    """The steps, their tests and their checkpoints, in time order.

    Each record is handed out before the checkpoint that holds its step, so that no record is missing after a crash. On
    a GPU the steps run ahead of their records: what was not handed out when the generator is closed is kept with the
    checkpoint, and so are the latest that were, in case they did not arrive.
    """
    training = begin()
    training.pause()
    ready()
    training.active.start()
    told = (*progress.recent, *progress.pending)
    if after is None:
        after = progress.recent[-1].step if progress.recent else 0
    done = deque(Done(record) for record in told if record.step > after)
    recent = deque((record for record in told if record.step <= after), RECENT)
    waiting: deque[Launched] = deque()
    broken: diagnose.Origin | None = None

    def hand_out() -> Generator[StepRecord, None, None]:
        nonlocal broken
        while done:
            record, broken = done.popleft()
            training.pause()
            recent.append(record)
            yield record
            training.active.start()
            if broken:
                raise diagnose.diverged(broken, record.step, training.how.learning_rate)

    with training.instruments:
        try:
            yield from hand_out()
            for epoch, step, index in training.order():
                waiting.append(training.launch(epoch, step, index))
                ends = training.at_an_end()
                while len(waiting) > (0 if ends else training.lag):
                    done.append(training.read(waiting.popleft()))
                    ends = ends or training.time_is_over()
                if ends and not any(one.origin for one in done):
                    done[-1] = training.test(done[-1], keeper)
                yield from hand_out()
                if progress.finished or (ends and keeper.due(training.active.seconds())):
                    training.save(keeper, recent)
                if progress.finished:
                    return
        except GeneratorExit:
            done.extend(training.read(launched) for launched in waiting)
            if not broken and not any(one.origin for one in done):
                training.save(keeper, recent, [one.record for one in done])
            raise
