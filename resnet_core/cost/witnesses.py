"""What other people's counters say of the same network: fvcore, torchinfo and torch itself.

Each counts by its own convention, so each record says what its total counts: fvcore's ``FlopCountAnalysis`` counts one
multiply-add as one and adds BatchNorm and pooling; torchinfo's ``total_mult_adds`` adds one for each
parameter of a BatchNorm and of a bias; torch's ``FlopCounterMode`` counts a multiply-add as two, and counts only
convolutions and matrix products.

Imports are inside the functions: reading a record needs neither torch nor the tools.
"""

import logging
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.spec import ArchSpec
from resnet_core.study import Finding

SEED = 0  # of the weights, upon which no count depends


@dataclass(frozen=True, slots=True)
class ToolCount(Finding):
    """One tool's count of one network for a single image (N = 1) in evaluation mode.

    ``total`` is the tool's own total, ``by_operator`` its parts by operator (or layer type), which add up to it;
    ``multiply_add`` is what the tool counts for one multiply-add (1 or 2); ``text`` is its own table; ``unsupported``
    names the operators that it met and left uncounted.
    """

    tool: str
    total: int
    multiply_add: int
    by_operator: dict[str, int]
    params: int
    text: str
    unsupported: tuple[str, ...]

    @property
    def version(self) -> str:
        """The tool's."""
        return self.versions[self.tool]


def ask(tool: str, spec: ArchSpec) -> ToolCount:
    """Let one of :data:`TOOLS` count the network."""
    if tool not in TOOLS:
        raise Refusal(N_("There is no counting tool {tool}; there are {tools}."), tool=tool, tools=", ".join(TOOLS))
    from resnet_core.cost.memory import refuse_if_too_large
    from resnet_core.model.network import build

    refuse_if_too_large(spec, batch_size=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fvcore uses torch.jit, from its import on
        return TOOLS[tool](spec, build(spec, seed=SEED).eval())


def _ask_fvcore(spec: ArchSpec, model: Any) -> ToolCount:
    import torch
    from fvcore.nn import FlopCountAnalysis, flop_count_table

    from resnet_core.devices import provenance

    for name in ("fvcore.nn.jit_analysis", "fvcore.nn.print_model_statistics"):
        # It warns of every operator that it does not know; they stand in the record instead.
        logging.getLogger(name).setLevel(logging.ERROR)
    started = time.perf_counter()
    analysis = FlopCountAnalysis(model, torch.zeros(_shape(spec)))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    total = int(analysis.total())
    facts = provenance("cpu", SEED, started, "fvcore")
    return ToolCount(
        tool="fvcore",
        total=total,
        multiply_add=1,
        by_operator=_largest_first(analysis.by_operator()),
        params=_params(model),
        text=flop_count_table(analysis, max_depth=3),
        unsupported=tuple(sorted(analysis.unsupported_ops())),
        **facts,
    )


def _ask_torchinfo(spec: ArchSpec, model: Any) -> ToolCount:
    from torchinfo import summary

    from resnet_core.devices import provenance

    started = time.perf_counter()
    info = summary(model, input_size=_shape(spec), mode="eval", device="cpu", depth=4, verbose=0)
    facts = provenance("cpu", SEED, started, "torchinfo")
    parts: Counter[str] = Counter()
    for layer in info.summary_list:
        if layer.is_leaf_layer:
            parts[layer.class_name] += layer.macs
    return ToolCount(
        tool="torchinfo",
        total=int(info.total_mult_adds),
        multiply_add=1,
        by_operator=_largest_first(parts),
        params=int(info.total_params),
        text=str(info),
        unsupported=(),
        **facts,
    )


def _ask_torch(spec: ArchSpec, model: Any) -> ToolCount:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from resnet_core.devices import provenance

    started = time.perf_counter()
    with FlopCounterMode(display=False, depth=4) as counter, torch.no_grad():
        model(torch.zeros(_shape(spec)))
    facts = provenance("cpu", SEED, started, "torch")
    parts = {str(operator): flops for operator, flops in counter.get_flop_counts()["Global"].items()}
    return ToolCount(
        tool="torch",
        total=counter.get_total_flops(),
        multiply_add=2,
        by_operator=_largest_first(parts),
        params=_params(model),
        text=counter.get_table(),
        unsupported=(),
        **facts,
    )


TOOLS: dict[str, Callable[[ArchSpec, Any], ToolCount]] = {
    "fvcore": _ask_fvcore,
    "torchinfo": _ask_torchinfo,
    "torch": _ask_torch,
}


def _shape(spec: ArchSpec) -> tuple[int, int, int, int]:
    return (1, spec.in_channels, *spec.image_shape)


def _params(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _largest_first(parts: Any) -> dict[str, int]:
    return {name: int(n) for name, n in sorted(parts.items(), key=lambda part: -part[1]) if n}
