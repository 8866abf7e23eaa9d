"""How much gradient reaches each residual unit.

He et al. 2016, arXiv:1603.05027, equation 5: with identity shortcuts, ``dE/dx_l = dE/dx_L (1 + d/dx_l sum F)``, so the
gradient reaches any unit ``l`` directly, through the term 1. He et al. 2015, arXiv:1512.03385, section 4.1, verified
that the gradients of plain networks with BatchNorm do not vanish in their norms; here the norms are measured.
"""

import time

from torch.nn import functional

from resnet_core import devices
from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.model.network import build
from resnet_core.probe.records import GradientFlow
from resnet_core.recipe import DataChoice
from resnet_core.spec import ArchSpec
from resnet_core.train.data import batches, load
from resnet_core.train.facts import as_choice, fit
from resnet_core.train.instruments import GradientNorms


def gradient_flow(
    spec: ArchSpec, *, data: DataChoice | str = "digits", seed: int = 0, device: str = "cpu", batch_size: int = 128
) -> GradientFlow:
    """Measure the gradient norms of the freshly built network on the very batch of a training's first step.

    The network is fitted to the data (:func:`resnet_core.train.facts.fit`), built from ``seed``, put into training
    mode, and run forward and backward once; nothing is updated. arXiv:1603.05027, equation 5; arXiv:1512.03385, 4.1.
    """
    place = devices.resolve(device)
    fitted = fit(spec, data)
    refuse_if_too_large(fitted, batch_size, available=devices.free_bytes(device))
    images = load(data, fitted.image_size)
    started = time.perf_counter()
    model = build(fitted, seed=seed).to(place).train()
    index = next(batches(images, epoch=1, seed=seed, batch_size=batch_size))
    inputs, labels = (part.to(place) for part in images.train_batch(index))
    with GradientNorms(model) as gradients, devices.repeatable(place, seed, step=1):
        loss = functional.cross_entropy(model(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        norms = gradients.norms()
    return GradientFlow(
        names=model.unit_names,
        norms=norms,
        loss=loss.item(),
        data=as_choice(data).name,
        batch_size=batch_size,
        image_size=fitted.image_size,
        **devices.provenance(device, seed, started),
    )
