"""The first weights: He initialisation, drawn so that networks that share a layer share its weights."""

import math
import zlib

import torch
from torch import nn

from resnet_core.model.modules import LearnedScale
from resnet_core.plan import Plan


@torch.no_grad()
def initialise(model: nn.Module, layers: Plan, seed: int) -> None:
    """Draw every weight of ``model``, the module of ``layers``, from ``seed``.

    Convolutions: He et al. 2015, arXiv:1502.01852, equation 14 in its backward form, a normal distribution of variance
    2 / (kernel area * output channels), as the residual papers and torchvision. The bias of a gate and a learned scale:
    where the specification lets them start (arXiv:1603.05027, section 3.1; arXiv:2002.10444); other biases: 0.
    Normalisation: scale 1, shift 0; under ``zero_init_residual`` scale 0 for the last one of each residual branch
    (Goyal et al. 2017, arXiv:1706.02677, section 5.1). Fully-connected layer: uniform within 1 / sqrt(inputs), as
    PyTorch does.

    Each layer draws from a generator of its own, seeded by ``seed`` and the layer's name. So two networks start from
    the same numbers wherever both have a layer of one name and shape, and a toggle changes only what it names.
    """
    starts = {layer.name: layer.value for layer in layers if layer.bias or layer.op == "learned_scale"}
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=_source(seed, name))
            if module.bias is not None:
                module.bias.fill_(starts[name])
        elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            source, bound = _source(seed, name), 1 / math.sqrt(module.in_features)
            module.weight.uniform_(-bound, bound, generator=source)
            module.bias.uniform_(-bound, bound, generator=source)
        elif isinstance(module, LearnedScale):
            module.weight.fill_(starts[name])
        elif next(module.parameters(recurse=False), None) is not None:
            raise TypeError(f"no rule for the first weights of {name}, a {type(module).__name__}")
    if layers.spec.starts_branch_at_zero:
        for unit in layers.units:
            if unit.body.addition:
                nn.init.zeros_(model.get_parameter(f"{unit.name}.{unit.body.closing_norm}.weight"))


def _source(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(f"{seed}:{name}".encode()))
