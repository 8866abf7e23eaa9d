"""Residual networks as values: specify, plan, count, build, measure, train.

>>> from resnet_core import count, preset
>>> count(preset("resnet50")).params
25557032
"""

from typing import TYPE_CHECKING, Any

from resnet_core.body import Body
from resnet_core.cost.ledger import Ledger, Row, count
from resnet_core.errors import Refusal
from resnet_core.layer import Layer
from resnet_core.plan import Plan, Unit, plan
from resnet_core.presets import Preset, preset, presets
from resnet_core.recipe import TrainSpec
from resnet_core.spec import ArchSpec

if TYPE_CHECKING:
    from resnet_core.model.network import build

__version__ = "0.1.0"
__all__ = [
    "ArchSpec", "Body", "Layer", "Ledger", "Plan", "Preset", "Refusal", "Row", "TrainSpec", "Unit",
    "build", "count", "plan", "preset", "presets",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # torch takes more than a second to import: only who builds a network pays for it.
    if name == "build":
        from resnet_core.model.network import build

        return build
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
