"""What ships with the project: trainings that were really run, each record with its device, seed and versions.

``python -m resnet_core.renew`` runs them again and writes them anew. A page shows them as recorded, never as
measured here. No torch here.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from resnet_core.presets import preset, preset_named_by
from resnet_core.records import Provenance, Share, Some, from_line
from resnet_core.spec import ArchSpec
from resnet_core.studies import Found

HERE = Path(__file__).parent
RUNS = HERE / "runs"  # run folders without their weights, opened by a link like any other
TRAININGS = HERE / "trainings.jsonl"
RACE = ("recorded-resnet56", "recorded-plain56")  # the folders of the race of which the first page tells

# Three ways of building 56 layers: what becomes of gradient and signal in each.
WAYS = {
    "vanishes": preset("plain56").with_(norm="none"),
    "explodes": preset("plain56"),
    "stays": preset("cifar56"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Training(Provenance):
    """How a training of a preset ended: the share of ``test_images`` that it classified right after its last step.

    ``train`` is the recipe, ``recorded_at`` the day (UTC, ISO 8601), ``time_s`` the time that the training took.
    """

    preset: str
    train: dict[str, Any]
    test_accuracy: Share
    test_images: Some
    recorded_at: str


@cache
def trainings() -> tuple[Training, ...]:
    """All of them, in the order of presets and seeds."""
    lines = TRAININGS.read_bytes().splitlines() if TRAININGS.exists() else []
    return tuple(from_line({"Training": Training}, line) for line in lines)


def of(spec: ArchSpec) -> tuple[Training, ...]:
    """Those of a network, one a seed; none unless it is a preset that was recorded."""
    name = preset_named_by(spec)
    return tuple(one for one in trainings() if one.preset == name)


@cache
def ways() -> dict[str, Found]:
    """What was measured of :data:`WAYS`: ``gradients`` and ``readout`` of the first weights, ``readout_after`` of those
    after a training with the default recipe."""
    names = ("gradients", "readout", "readout_after")
    return {name: Found.from_json((HERE / f"ways_{name}.json").read_text(encoding="utf-8")) for name in names}
