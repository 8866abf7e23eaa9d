"""The time of every named network on this machine, one after the other. Declared here, without torch.

How one is timed stands in :mod:`resnet_core.probe.latency`, which only the measuring process imports.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from resnet_core.cost.ledger import count
from resnet_core.errors import N_, Refusal
from resnet_core.fields import real
from resnet_core.presets import Preset, presets
from resnet_core.probe.timing import ROOFLINE_MODEL, Latency, TimingOptions
from resnet_core.study import Progress, Study, Subject

REPEATS = 50
BUDGET_S = 0.5  # for each network
GIGA = 10**9
EVEN = 3 * GIGA  # multiply-adds that count beside a network's own, for the time that even the smallest takes


@dataclass(frozen=True, slots=True)
class PresetLatency(Latency):
    """The times of one named network, ``preset``. These are not timed in turn, but each by itself."""

    preset: str = ""

    def stands_beside(self, _other: Self) -> bool:
        """Their medians are compared, not pairs of passes."""
        return True


class PresetOptions(TimingOptions):
    """What the times depend on besides the networks, and which of them are timed."""

    gmacs: float = real(
        30.0, N_("Up to GMACs"),
        N_("Networks with more than so many times 10^9 multiply-adds for an image are left out."),
        "main", 0.01, 1000.0,
    )  # fmt: skip


def measure(_networks: Sequence[Subject], options: PresetOptions, progress: Progress) -> Iterator[PresetLatency]:
    """One record a network, the quickest first; what the memory does not hold is left out.

    The first is timed once more before it counts: whatever a process times first is slower.
    """
    chosen = sorted(
        ((count(row.spec).macs, row) for row in presets().values() if count(row.spec).macs <= options.gmacs * GIGA),
        key=lambda found: found[0],
    )
    order = [*chosen[:1], *chosen]
    whole, done = sum(EVEN + macs for macs, _ in order), 0
    for number, (macs, row) in enumerate(order):

        def tell(share: float, done: int = done, macs: int = macs, number: int = number, name: str = row.name) -> None:
            progress(
                done + share * (EVEN + macs), whole, N_("Timing {name}: {number} of {all}"), name=name,
                number=max(1, number), all=len(chosen),
            )  # fmt: skip

        timed = _timed(row, options, tell)
        if timed and number:
            yield timed
        done += EVEN + macs


def _timed(row: Preset, options: PresetOptions, tell: Callable[[float], None]) -> PresetLatency | None:
    """The times of one network; None where it is too large for the memory."""
    from resnet_core import devices
    from resnet_core.probe.latency import latencies

    try:
        (timed,) = latencies(
            [row.spec], batch_size=options.batch_size, repeats=REPEATS, seed=options.seed, device=options.device,
            threads=devices.threads_here(), budget_s=BUDGET_S, tell=tell,
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.field == "device":
            raise
        return None
    return PresetLatency(
        **{field: getattr(timed, field) for field in Latency.__dataclass_fields__}, preset=row.name
    )  # fmt: skip


STUDY = Study(
    name="presets",
    title=N_("Time of every named network"),
    says=N_("Times a forward pass of every named network on this machine, one after the other."),
    source=ROOFLINE_MODEL,
    options=PresetOptions,
    record=PresetLatency,
    run="resnet_core.probe.presets:measure",
    together=True,
    timed=True,
    networks=False,
)
