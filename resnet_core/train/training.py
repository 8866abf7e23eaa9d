"""One training and its single steps; in which order they come, and what becomes of their records, is the loop's."""

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from resnet_core import devices
from resnet_core.model.network import ResNet, build
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.train import checkpoint, diagnose, schedule
from resnet_core.train.breaks import Breaks, Hold, never
from resnet_core.train.checkpoint import Keeper, Progress
from resnet_core.train.data import batches, load
from resnet_core.train.evaluation import evaluate
from resnet_core.train.facts import steps_per_epoch
from resnet_core.train.instruments import Instruments
from resnet_core.train.moves import weight_views
from resnet_core.train.numerics import Numerics, compile_units
from resnet_core.train.optimizers import optimizer_of
from resnet_core.train.readback import Readback
from resnet_core.train.records import StepRecord
from resnet_core.train.stopwatch import Stopwatch


class Launched(NamedTuple):
    """A step whose numbers may still be on their way."""

    step: int
    epoch: int
    learning_rate: float
    rows: Tensor
    weights_before: Tensor
    numbers: Readback


class Done(NamedTuple):
    """A step with its numbers, and where they ceased to be finite, if they did."""

    record: StepRecord
    origin: diagnose.Origin | None = None


class Training:
    """The state of one training: the network, its optimiser, its clocks. ``progress`` is kept up to date."""

    def __init__(
        self, fitted: ArchSpec, how: TrainSpec, progress: Progress, resume_from: Path | None, hold: Hold
    ) -> None:
        self.active = Stopwatch(progress.time_s)
        self.active.start()
        self.steps = Stopwatch(progress.steps_s)
        self.fitted, self.how, self.progress = fitted, how, progress
        self.numerics = Numerics.of(how)
        self.images = load(how.images, fitted.image_shape[0]).to(self.numerics.device)
        self.model = self.numerics.place(build(fitted, seed=how.seed)).train()
        self.optimizer = optimizer_of(how, self.model)
        if resume_from:
            checkpoint.restore(resume_from, self.model, self.optimizer)
        if how.compiled:
            compile_units(self.model)
        self._hold = hold
        breaks = () if hold is never else (Breaks(self.model, self._wait),)
        self.instruments = Instruments(self.model, *breaks)
        self.in_epoch = steps_per_epoch(how.images, how.batch_size)
        self.length = schedule.length_in_steps(how)
        # A GPU is given the next step before the numbers of the last one are waited for.
        self.lag = 1 if self.numerics.device.type == "cuda" else 0
        self._last_lap = progress.steps_s

    def order(self) -> Iterator[tuple[int, int, Tensor]]:
        """Epoch, step and row numbers of each batch still to come."""
        step = self.progress.step
        if self.progress.finished:
            return
        while True:
            before, skip = divmod(step, self.in_epoch)
            rows = batches(self.images, before + 1, self.how.seed, self.how.batch_size)
            for index in islice(rows, skip, None):
                step += 1
                yield before + 1, step, index

    def launch(self, epoch: int, step: int, index: Tensor) -> Launched:
        """One step of gradient descent. On a GPU its kernels are only queued when this returns."""
        how, model, optimizer = self.how, self.model, self.optimizer
        self.steps.start()
        rate = schedule.rate(how, self._progress(step), step)
        with devices.repeatable(self.numerics.device, how.seed, step):
            inputs, labels = self._batch(index, step)
            logits, loss = self._forward(model, inputs, labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step(rate)
        right = (logits.detach().argmax(dim=1) == labels).float().mean()
        numbers = Readback(self.instruments.noted(loss, right))
        self.progress.step, self.progress.epoch = step, epoch
        return Launched(step, epoch, rate, index, self.instruments.weights_before, numbers)

    def read(self, launched: Launched) -> Done:
        """The record of a step, once the device has done it."""
        values = self.instruments.read(launched.numbers.numbers())
        now = self.steps.seconds()
        record = StepRecord(
            step=launched.step,
            epoch=launched.epoch,
            loss=values.loss,
            train_accuracy=values.accuracy,
            learning_rate=launched.learning_rate,
            **values.by_unit,
            images_per_s=self.how.batch_size / (now - self._last_lap),
            time_s=self.active.seconds(),
        )
        self._last_lap = now
        if record.step <= self.how.warmup_steps:
            self.progress.warmup_s = now
        return Done(record, None if values.finite else self._origin(launched, values.loss))

    def at_an_end(self) -> bool:
        """Whether the latest step was the last one of an epoch or of the training."""
        step = self.progress.step
        return step % self.in_epoch == 0 or step == self.length or self.time_is_over()

    def time_is_over(self) -> bool:
        """Whether a budget of time is used up; tests and checkpoints do not count."""
        return 0 < self.how.seconds <= self.steps.seconds()

    def test(self, done: Done, keeper: Keeper) -> Done:
        """The record of the latest step with the test after it; says in ``progress`` whether that was the last one."""
        self.steps.pause()
        accuracy, loss, answers = evaluate(self.model, self.images, self.how.batch_size, self.numerics)
        self.model.train()
        progress, target = self.progress, self.how.target_accuracy
        keeper.note_test(self.model, progress, accuracy)
        reached = 0 < target <= accuracy
        progress.finished = reached or progress.step == self.length or self.time_is_over()
        told = replace(
            done.record, test_accuracy=accuracy, test_loss=loss, answers=answers, time_s=self.active.seconds()
        )
        return Done(told)

    def pause(self) -> None:
        """Stop both clocks."""
        self.steps.pause()
        self.active.pause()

    def save(self, keeper: Keeper, recent: Iterable[StepRecord], pending: Iterable[StepRecord] = ()) -> None:
        """Write a checkpoint, with the records that were handed out last and those that were not yet."""
        self.steps.pause()
        progress = self.progress
        progress.time_s, progress.steps_s = self.active.seconds(), self.steps.seconds()
        progress.recent, progress.pending = tuple(recent), tuple(pending)
        keeper.save(self.model, self.optimizer, progress)

    def _wait(self) -> None:
        """Wait as long as this training is held in the middle of a step; no clock counts that."""
        if waited := self._hold():
            self.steps.leave_out(waited)
            self.active.leave_out(waited)

    def _batch(self, index: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Images and labels of a step; how they are varied depends on the seed and the step alone."""
        kind, draw = self.how.augmentation, None
        if kind != "none":
            draw = torch.Generator().manual_seed(zlib.crc32(f"{self.how.seed}:{step}:images".encode()))
        return self.images.train_batch(index, kind, draw)

    def _forward(self, model: ResNet, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and loss."""
        with self.numerics.autocast():
            logits = model(self.numerics.images(inputs))
            return logits, functional.cross_entropy(logits, labels, label_smoothing=self.how.label_smoothing)

    def _progress(self, step: int) -> float:
        """How much of the training after its warm-up lies before a step."""
        if self.length:
            return schedule.progress_at(self.how, step)
        spent, whole = (at - self.progress.warmup_s for at in (self.steps.seconds(), self.how.seconds))
        return min(1.0, spent / whole) if whole > 0 else 1.0

    def _origin(self, launched: Launched, loss: float) -> diagnose.Origin | None:
        """Where in a step the numbers ceased to be finite: it is repeated on a copy of the network as it was before.

        None where they are finite after all, and only a norm of them was not.
        """
        step = launched.step
        model = self.numerics.place(build(self.fitted, seed=self.how.seed)).train()
        views = weight_views(model)
        for view, weights in zip(
            views, torch.split(launched.weights_before, [len(view) for view in views]), strict=True
        ):
            view.copy_(weights)
        inputs, labels = self._batch(launched.rows, step)
        with devices.repeatable(self.numerics.device, self.how.seed, step):
            origin = diagnose.repeat(model, lambda images: self._forward(model, images, labels)[1], inputs)
        origin = origin or diagnose.broken_weights(self.model)
        return diagnose.Origin("loss") if origin is None and not math.isfinite(loss) else origin
