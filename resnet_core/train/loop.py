"""The training loop: one generator that yields a record after every step.

He et al. 2015, arXiv:1512.03385, section 3.4: stochastic gradient descent with momentum and weight decay, no dropout.
The learning rate follows one cycle (Smith and Topin 2017, arXiv:1708.07120) instead of the paper's steps, and images
are not augmented.
"""

import math
import time
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime

import torch
from torch import Tensor
from torch.nn import functional

from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import N_
from resnet_core.model.network import ResNet, build
from resnet_core.plan import plan
from resnet_core.probe.gradients import GradientNorms
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec
from resnet_core.train import devices
from resnet_core.train.data import Images, batches, load
from resnet_core.train.facts import fit, steps_per_epoch
from resnet_core.train.records import Diverged, RunHeader, StepRecord


def train(spec: ArchSpec, train_spec: TrainSpec) -> Generator[StepRecord, None, None]:
    """Train the network on the data of ``train_spec`` and yield one record a step.

    What cannot be trained (an absent device, too little memory) is refused here, before the first record is asked for.
    A loss that is not finite ends the training with :class:`Diverged`, after its record. The same specifications on
    the same device with one thread give the same losses to the last bit.
    """
    devices.resolve(train_spec.device)
    fitted = fit(spec, train_spec.images)
    refuse_if_too_large(fitted, train_spec.batch_size, available=devices.free_bytes(train_spec.device))
    steps_per_epoch(train_spec.images, train_spec.batch_size)
    return _steps(fitted, train_spec)


def run_header(spec: ArchSpec, train_spec: TrainSpec) -> RunHeader:
    """The facts of the run that :func:`train` with the same arguments makes."""
    fitted = fit(spec, train_spec.images)
    in_epoch = steps_per_epoch(train_spec.images, train_spec.batch_size)
    return RunHeader(
        arch=spec.model_dump(mode="json"),
        fitted=fitted.model_dump(mode="json"),
        train=train_spec.model_dump(mode="json"),
        unit_names=tuple(unit.name for unit in plan(fitted).units),
        steps=train_spec.epochs * in_epoch,
        steps_per_epoch=in_epoch,
        device=train_spec.device,
        device_name=devices.device_name(train_spec.device),
        threads=devices.threads_here(),
        versions=devices.versions(),
        seed=train_spec.seed,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _steps(fitted: ArchSpec, how: TrainSpec) -> Generator[StepRecord, None, None]:
    started = time.perf_counter()
    place = torch.device(how.device)
    images = load(how.images, fitted.image_size).to(place)
    model = build(fitted, seed=how.seed).to(place)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=how.learning_rate, momentum=how.momentum, weight_decay=how.weight_decay
    )
    in_epoch = steps_per_epoch(how.images, how.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        # The momentum stays what the specification says; torch would cycle it against the learning rate.
        optimizer, max_lr=how.learning_rate, total_steps=how.epochs * in_epoch, cycle_momentum=False
    )  # fmt: skip
    with GradientNorms(model) as gradients:
        for epoch in range(1, how.epochs + 1):
            model.train()
            order = batches(images, epoch, how.seed, how.batch_size)
            for step, index in enumerate(order, start=(epoch - 1) * in_epoch + 1):
                record = _step(model, optimizer, gradients, images, index, how.seed, step)
                schedule.step()
                record = replace(record, epoch=epoch)
                if step % in_epoch == 0 and math.isfinite(record.loss):
                    accuracy, loss = evaluate(model, images, how.batch_size)
                    record = replace(record, test_accuracy=accuracy, test_loss=loss)
                yield replace(record, time_s=time.perf_counter() - started)
                if not math.isfinite(record.loss):
                    raise Diverged(
                        N_("The loss is no longer a finite number at step {step}: the training has diverged. A smaller "
                           "learning rate than {learning_rate} may help."),
                        field="learning_rate", step=step, learning_rate=how.learning_rate,
                    )  # fmt: skip


def _step(
    model: ResNet, optimizer: torch.optim.Optimizer, gradients: GradientNorms, images: Images, index: Tensor,
    seed: int, step: int,
) -> StepRecord:  # fmt: skip
    """One step of gradient descent; ``epoch`` and ``time_s`` are filled in by the loop."""
    started = time.perf_counter()
    learning_rate = optimizer.param_groups[0]["lr"]
    inputs, labels = images.train_batch(index)
    with devices.repeatable(inputs.device, seed, step):
        logits = model(inputs)
        loss = functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    right = (logits.detach().argmax(dim=1) == labels).float().mean()
    loss_value, accuracy = torch.stack([loss.detach(), right]).tolist()
    norms = gradients.norms()
    return StepRecord(
        step=step,
        epoch=0,
        loss=loss_value,
        train_accuracy=accuracy,
        learning_rate=learning_rate,
        gradient_norms=norms,
        images_per_s=len(labels) / (time.perf_counter() - started),
        time_s=0.0,
    )


def evaluate(model: ResNet, images: Images, batch_size: int) -> tuple[float, float]:
    """Accuracy (0 to 1) and mean cross entropy on the test images, with BatchNorm's running statistics.

    The module is left in evaluation mode.
    """
    model.eval()
    right, loss = 0.0, 0.0
    with torch.inference_mode():
        for start in range(0, len(images.test_labels), batch_size):
            rows = slice(start, start + batch_size)
            inputs, labels = images.test_batch(rows)
            logits = model(inputs)
            right += (logits.argmax(dim=1) == labels).sum().item()
            loss += functional.cross_entropy(logits, labels, reduction="sum").item()
    return right / len(images.test_labels), loss / len(images.test_labels)
