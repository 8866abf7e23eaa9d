"""A training without records: what the project's own is compared with where both must do the same work."""

from collections.abc import Iterator

from torch import Tensor
from torch.nn import functional

from resnet_core import ArchSpec, TrainSpec, build
from resnet_core.train.data import batches, load
from resnet_core.train.evaluation import evaluate
from resnet_core.train.facts import fit, steps_per_epoch
from resnet_core.train.numerics import Numerics
from resnet_core.train.optimizers import optimizer_of
from resnet_core.train.schedule import length_in_steps, progress_at, rate


def bare(spec: ArchSpec, how: TrainSpec) -> Iterator[Tensor]:
    """The loss of each step, left where it was computed: no hooks, no number read back, no record. The same losses."""
    if how.augmentation != "none" or how.label_smoothing:
        raise ValueError("the bare loop varies no images and smoothes no labels")
    numerics = Numerics.of(how)
    fitted = fit(spec, how.images)
    images, model = load(how.images, fitted.image_shape[0]), numerics.place(build(fitted, seed=how.seed))
    images = images.to(numerics.device)
    optimizer = optimizer_of(how, model)
    in_epoch, length = steps_per_epoch(how.images, how.batch_size), length_in_steps(how)
    done = epoch = 0
    while done < length:
        epoch += 1
        model.train()
        for step, index in enumerate(batches(images, epoch, how.seed, how.batch_size), start=1):
            done += 1
            inputs, labels = images.train_batch(index)
            with numerics.autocast():
                loss = functional.cross_entropy(model(numerics.images(inputs)), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step(rate(how, progress_at(how, done), done))
            if step == in_epoch or done == length:
                evaluate(model, images, how.batch_size, numerics)
            yield loss.detach()
            if done == length:
                return
