"""Two networks against each other: which fields differ, which layers stand on one side only, and the totals. No torch.

Layers are compared by name, so that what a toggle adds, removes or reshapes can be read off. All sizes are of one
image.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from resnet_core.cost.ledger import Ledger
from resnet_core.cost.memory import inference_memory
from resnet_core.layer import Layer


class FieldDifference(NamedTuple):
    """A field of the specification, with its value in A and in B."""

    name: str
    a: Any
    b: Any


class LayerGroup(NamedTuple):
    """Alike layers in consecutive blocks of a stage. ``a`` and ``b`` are the first of them on each side.

    ``name`` is that of the first layer, ``first`` and ``last`` are its blocks (from 1; 0 outside the stages). ``a`` is
    None where the layer exists only in B, and the other way round.
    """

    name: str
    stage: int
    first: int
    last: int
    a: Layer | None
    b: Layer | None

    @property
    def layers(self) -> int:
        """How many layers the line stands for."""
        return self.last - self.first + 1

    @property
    def title(self) -> str:
        """The name with torchvision's numbers of its blocks, from 0: ``layer2.1–8.conv3``."""
        if self.first == self.last:
            return self.name
        return f"layer{self.stage}.{self.first - 1}–{self.last - 1}.{_local(self.name)}"


class Total(NamedTuple):
    """One quantity of both networks: ``params``, ``macs``, ``saved_bytes`` or ``inference_bytes``."""

    name: str
    a: int
    b: int

    @property
    def difference(self) -> int:
        """B less A."""
        return self.b - self.a


@dataclass(frozen=True, slots=True)
class Difference:
    """``alike`` counts the layers that both networks have under one name and with one shape."""

    fields: tuple[FieldDifference, ...]
    only_a: tuple[LayerGroup, ...]
    only_b: tuple[LayerGroup, ...]
    reshaped: tuple[LayerGroup, ...]
    alike: int
    totals: tuple[Total, ...]


def difference(a: Ledger, b: Ledger) -> Difference:
    """What distinguishes two networks, from their ledgers."""
    mine, theirs = ({layer.name: layer for layer in ledger.plan} for ledger in (a, b))
    only_a = [(layer, None) for name, layer in mine.items() if name not in theirs]
    only_b = [(None, layer) for name, layer in theirs.items() if name not in mine]
    both = [(layer, theirs[name]) for name, layer in mine.items() if name in theirs]
    reshaped = [(one, other) for one, other in both if one.form != other.form]
    changes = a.plan.spec.differences(b.plan.spec)
    return Difference(
        fields=tuple(FieldDifference(name, *values) for name, values in changes.items()),
        only_a=_grouped(only_a),
        only_b=_grouped(only_b),
        reshaped=_grouped(reshaped),
        alike=len(both) - len(reshaped),
        totals=(
            Total("params", a.params, b.params),
            Total("macs", a.macs, b.macs),
            Total("saved_bytes", a.saved_bytes, b.saved_bytes),
            Total("inference_bytes", inference_memory(a, 1).peak, inference_memory(b, 1).peak),
        ),
    )


def _grouped(pairs: Iterable[tuple[Layer | None, Layer | None]]) -> tuple[LayerGroup, ...]:
    """The pairs, in their order, with the alike ones of consecutive blocks joined to the first of them."""
    groups: list[LayerGroup] = []
    latest: dict[tuple[Any, ...], int] = {}  # what makes pairs alike -> the group that can still grow
    for a, b in pairs:
        layer = a or b
        assert layer is not None
        key = layer.stage, _local(layer.name), a and a.form, b and b.form
        at = latest.get(key)
        if at is not None and layer.stage and groups[at].last == layer.block - 1:
            groups[at] = groups[at]._replace(last=layer.block)
            continue
        latest[key] = len(groups)
        groups.append(LayerGroup(layer.name, layer.stage, layer.block, layer.block, a, b))
    return tuple(groups)


def _local(name: str) -> str:
    """The name inside the block: ``conv1`` of ``layer1.0.conv1``, and of ``conv1``."""
    return name.split(".", 2)[2] if name.startswith("layer") else name
