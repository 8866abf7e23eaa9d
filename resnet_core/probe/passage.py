"""One image through a prepared network, forward and backward, layer by layer. Imports torch.

The layers are computed by the module itself (:meth:`resnet_core.model.network.ResNet.replay`), so what is shown is what
it computed, to the bit.
"""

from base64 import b64decode
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from resnet_core.layer import INPUT, Layer
from resnet_core.model.network import ResNet
from resnet_core.plan import Plan, Unit
from resnet_core.probe.inside import Inside, InsideOptions
from resnet_core.probe.opened import opened
from resnet_core.probe.picture import BRIGHTEST, Picture
from resnet_core.probe.pictures import picture
from resnet_core.probe.prepared import Prepared
from resnet_core.train.data import Images
from resnet_core.train.facts import DataFacts, facts

Values = dict[str, Tensor]  # of one body, by the names of its layers
CHANNELS, SIDE, SHOWN_SIDE = 4, 16, 64  # of a thumbnail; of the image


def inside(ready: Prepared, options: InsideOptions) -> Inside:
    """The record of one image."""
    bench, layers = ready.bench, ready.layers
    known = facts(options.images)
    pixels, label = _pixels(bench.images, options, known)
    image = bench.images.batch(pixels).to(bench.place, memory_format=bench.layout).requires_grad_()
    inputs: list[Tensor] = []
    shares: list[float | None] = []
    thumbs: list[Picture] = []
    wanted: list[Values] = []

    def keep(number: int, values: Values) -> None:
        if not 1 <= number <= len(layers.units):
            return
        unit = layers.units[number - 1]
        inputs.append(values[INPUT])
        shares.append(residual_share(unit, values))
        thumbs.append(_thumb(values[unit.body.layers[-1].name].detach()[0]))
        if number == options.block:
            wanted.append(values)

    scores = replayed(bench.model, layers, image, keep)
    odds = functional.softmax(scores.detach().double().cpu()[0], dim=0)
    aim = int(odds.argmax()) if label is None else label
    loss = functional.cross_entropy(scores, torch.tensor([aim], device=bench.place))
    gradients = torch.autograd.grad(loss, inputs, retain_graph=bool(wanted))
    names = known.class_names
    return Inside(
        names=bench.model.unit_names,
        residual_shares=tuple(shares),
        gradient_rms=tuple(_rms(gradient) for gradient in gradients),
        cosines=ready.cosines,
        dimensions=ready.dimensions,
        thumbs=tuple(thumbs),
        probabilities=dict(zip(names, odds.tolist(), strict=True)),
        label="" if label is None else names[label],
        aim=names[aim],
        loss=loss.item(),
        shown=_shown(pixels[0], known),
        number=None if options.pixels else options.image,
        compared=ready.compared,
        maps=opened(bench.model, layers, image, wanted[0], options) if wanted else None,
        **bench.facts,
    )


def replayed(model: ResNet, layers: Plan, image: Tensor, keep: Callable[[int, Values], None]) -> Tensor:
    """The scores. ``keep`` is handed the values of each body when it is done: 0 the stem, then the blocks, the head."""
    bodies = iter(enumerate((layers.stem, *(unit.body for unit in layers.units), layers.head)))
    number, body = next(bodies)
    values = {INPUT: image}

    def run(layer: Layer, work: Callable[[], Tensor]) -> Tensor:
        nonlocal number, body, values
        result = values[layer.name] = work()
        if layer.name == body.layers[-1].name:
            keep(number, values)
            number, body = next(bodies, (number, body))
            values = {INPUT: result}
        return result

    return model.replay(image, run)


def residual_share(unit: Unit, values: Values) -> float | None:
    """||F(x)|| / ||x|| as both enter the addition; None without one, or where x is zero."""
    addition = unit.body.addition
    if addition is None:
        return None
    branch, shortcut = (float(values[name].detach().cpu().double().norm()) for name in addition.inputs)
    return branch / shortcut if shortcut > 0 else None


def _pixels(images: Images, options: InsideOptions, known: DataFacts) -> tuple[Tensor, int | None]:
    """The image as it is stored, uint8 ``(1, C, H, W)``, and its class, where it is known."""
    if not options.pixels:
        rows = slice(options.image, options.image + 1)
        return images.test_pixels[rows], int(images.test_labels[rows][0])
    given = torch.frombuffer(bytearray(b64decode(options.pixels)), dtype=torch.uint8)
    stored = given.view(1, known.size, known.size, known.channels).permute(0, 3, 1, 2)
    if known.brightest != BRIGHTEST:
        stored = (stored.double() * (known.brightest / BRIGHTEST)).round().to(torch.uint8)
    return stored.contiguous(), None


def _shown(stored: Tensor, known: DataFacts) -> Picture:
    """The image itself, its values from 0 to 1."""
    return picture(stored.double().cpu() / known.brightest, SHOWN_SIDE, scale=(0.0, 1.0))


def _thumb(output: Tensor) -> Picture:
    """The channels ``(C, H, W)`` that vary most over the image."""
    spread = torch.nan_to_num(output.flatten(1).var(1, correction=0), posinf=0.0)
    most = spread.topk(min(CHANNELS, len(spread))).indices.sort().values
    return picture(output[most], SIDE, channels=tuple(most.tolist()))


def _rms(gradient: Tensor) -> float:
    return float(gradient.cpu().double().square().mean().sqrt())
