"""One block opened: its maps, what one place of its output depends on, and one value as a sum. Imports torch."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_core.body import Body
from resnet_core.cost.receptive import Box, receptive_fields
from resnet_core.layer import INPUT, Layer
from resnet_core.model.network import ResNet
from resnet_core.plan import Plan, Unit
from resnet_core.probe.inside import MIDDLE, Done, InsideOptions, Maps, Trace
from resnet_core.probe.pictures import picture

MOST_BYTES = 1 << 18  # of one map's picture
SPREAD_SIDE = 64
MOST_OF_IT = 0.9  # of the gradient, in the effective field


def opened(model: ResNet, layers: Plan, image: Tensor, values: dict[str, Tensor], options: InsideOptions) -> Maps:
    """The maps of the block ``options.block``, whose ``values`` were kept with their graph."""
    unit, module = layers.units[options.block - 1], model.units[options.block - 1]
    body = unit.body
    shown = {name: values[layer].detach()[0] for name, layer in _told(body).items()}
    output = values[body.layers[-1].name]
    _, height, width = body.out_shape
    row, column = (
        side // 2 if place == MIDDLE else place
        for place, side in ((options.row, height), (options.column, width))
    )  # fmt: skip
    field = receptive_fields(layers)[options.block - 1]
    box = field.box(row, column, *layers.spec.image_shape)
    (gradient,) = torch.autograd.grad(output[0, :, row, column].sum(), image)
    falls = gradient[0].abs().sum(0).cpu().double()
    return Maps(
        block=options.block,
        name=unit.name,
        pictures={name: picture(one, _side(one.shape)) for name, one in shown.items()},
        shapes={name: (one.shape[0], one.shape[1], one.shape[2]) for name, one in shown.items()},
        row=row,
        column=column,
        field=field.size,
        whole=field.whole,
        box=(box.top, box.left, box.bottom, box.right),
        spread=picture(falls[None], SPREAD_SIDE),
        inside=_share(falls, box),
        side=_effective_side(falls, field.start + row * field.stride, field.start + column * field.stride, field.size),
        trace=traced(unit, module, {name: one.detach() for name, one in values.items()}, options.channel, row, column),
    )


def last_convolution(body: Body) -> Layer:
    """The convolution with which the branch ends, but for what follows it."""
    return [layer for layer in body.part("branch") if layer.op == "conv"][-1]


def _told(body: Body) -> dict[str, str]:
    """The maps that are shown of a block, each with the layer that puts it out."""
    addition, named = body.addition, {"x": INPUT, "before": last_convolution(body).inputs[0]}
    if addition is None:
        named["residual"] = body.part("branch", "attention")[-1].name
    else:
        named["residual"], shortcut = addition.inputs
        named |= {"shortcut": shortcut} if shortcut != INPUT else {}
        named["sum"] = addition.name
    return {**named, "output": body.layers[-1].name}


def _side(shape: torch.Size) -> int:
    """The longest side of a picture of all channels that keeps to its bytes."""
    channels, height, width = shape
    side = max(height, width)
    while side > 1 and channels * min(height, side) * min(width, side) > MOST_BYTES:
        side = -(-side // 2)
    return side


def _share(falls: Tensor, box: Box) -> float:
    whole = float(falls.sum())
    return float(falls[box.top : box.bottom, box.left : box.right].sum()) / whole if whole > 0 else 0.0


def _effective_side(falls: Tensor, top: int, left: int, size: int) -> int:
    """The side of the smallest square around the middle of the field with nine tenths of all; 0 where there is none."""
    if not float(falls.sum()) > 0:
        return 0
    middle_row, middle_column = top + (size - 1) // 2, left + (size - 1) // 2
    rows, columns = (torch.arange(side) for side in falls.shape)
    away = torch.maximum((rows - middle_row).abs()[:, None], (columns - middle_column).abs()[None, :])
    within = torch.zeros(int(away.max()) + 1, dtype=falls.dtype).index_add_(0, away.flatten(), falls.flatten())
    reached = (within.cumsum(0) >= MOST_OF_IT * within.sum() * (1 - 1e-12)).nonzero()
    return 2 * int(reached[0]) + 1


def traced(unit: Unit, module: nn.Module, values: dict[str, Tensor], channel: int, row: int, column: int) -> Trace:
    """The value at one place of the block's output as the last convolution's sum, and what the layers behind it do."""
    body = unit.body
    layer = last_convolution(body)
    convolution = module.get_submodule(layer.name)
    assert isinstance(convolution, nn.Conv2d)
    top, left = row * layer.stride - layer.padding, column * layer.stride - layer.padding
    wide = layer.in_shape[0] // layer.groups
    first = channel // (layer.out_shape[0] // layer.groups) * wide
    source = functional.pad(values[layer.inputs[0]][0, first : first + wide], [layer.padding] * 4)
    patch = source[:, top + layer.padding :, left + layer.padding :][:, : layer.kernel, : layer.kernel]
    return Trace(
        layer=layer.name,
        channel=channel,
        row=row,
        column=column,
        first=first,
        top=top,
        left=left,
        kernel=layer.kernel,
        inputs=tuple(patch.flatten().tolist()),
        weights=tuple(convolution.weight[channel].flatten().tolist()),
        bias=0.0 if convolution.bias is None else float(convolution.bias[channel]),
        total=_at(values[layer.name], channel, row, column),
        after=tuple(_after(body, module, values, layer, (channel, row, column))),
    )


def _after(
    body: Body, module: nn.Module, values: dict[str, Tensor], convolution: Layer, place: tuple[int, int, int]
) -> list[Done]:
    """What the layers on the way from the convolution to the block's end make of the value, in their order."""
    reached, done = {convolution.name}, []
    for layer in body.layers:
        if not reached.intersection(layer.inputs) or layer.out_shape != body.out_shape:
            continue  # beside the way, or the means of squeeze-and-excitation, which are of the whole map
        reached.add(layer.name)
        given = tuple(_at(values[name], *place) for name in layer.inputs)
        constants = _constants(layer, module, values, place[0])
        done.append(Done(layer.name, layer.op, given, _at(values[layer.name], *place), constants))
    return done


def _at(value: Tensor, channel: int, row: int, column: int) -> float:
    """The value at a place; of a map of one pixel, which is a factor of the whole channel, that one."""
    _, _, height, width = value.shape
    return float(value[0, channel, min(row, height - 1), min(column, width - 1)])


def _constants(layer: Layer, module: nn.Module, values: dict[str, Tensor], channel: int) -> dict[str, float]:
    """The numbers with which a layer works on a channel."""
    if layer.op in ("scale", "learned_scale"):
        factor = layer.value if layer.op == "scale" else float(next(module.get_submodule(layer.name).parameters()))
        return {"factor": factor}
    if layer.op not in ("bn", "gn"):
        return {}
    norm = module.get_submodule(layer.name)
    if isinstance(norm, nn.BatchNorm2d):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, var = norm.running_mean[channel], norm.running_var[channel]
    else:
        assert isinstance(norm, nn.GroupNorm)
        wide = layer.in_shape[0] // layer.groups
        first = channel // wide * wide
        var, mean = torch.var_mean(values[layer.inputs[0]][0, first : first + wide], correction=0)
    return {
        "mean": float(mean), "var": float(var), "eps": norm.eps,
        "weight": float(norm.weight[channel]), "bias": float(norm.bias[channel]),
    }  # fmt: skip
