"""The studies of time: whole forward passes, each kind of layer in them, and one small comparison. No torch here.

MACs are not time. What a layer takes also depends on the bytes that it moves and on what starting it costs: the
roofline model, Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785. How the times are taken stands in
:mod:`resnet_core.probe.latency` and :mod:`resnet_core.probe.roofline`, which only the measuring process imports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from resnet_core.cost.ledger import Kind
from resnet_core.errors import N_
from resnet_core.fields import whole
from resnet_core.records import Positive, Some, Whole
from resnet_core.study import Finding, OnDevice, Study

ROOFLINE_MODEL = "doi:10.1145/1498765.1498785"
Times = Annotated[tuple[Positive, ...], Field(min_length=2)]  # in seconds; quartiles need two


class Spread(NamedTuple):
    """The middle half of some values, and the least of them."""

    lower: float  # quartile
    median: float
    upper: float  # quartile
    minimum: float
    repeats: int
    p95: float  # of fewer than 21 values, between the two greatest


def spread(values: tuple[float, ...]) -> Spread:
    """Quartiles and the 95th percentile by linear interpolation between the sorted values; at least two values."""
    twentieths = quantiles(values, n=20, method="inclusive")
    return Spread(twentieths[4], median(values), twentieths[14], min(values), len(values), twentieths[18])


def ratios(numerators: tuple[float, ...], denominators: tuple[float, ...]) -> Spread:
    """Of times taken in turn, pair by pair, so that what slowed both cancels."""
    return spread(tuple(one / other for one, other in zip(numerators, denominators, strict=True)))


@dataclass(frozen=True, slots=True)
class Latency(Finding):
    """The wall time of forward passes of one untrained network in inference mode, float32.

    ``times_s`` holds one time a pass, after the warm-up, in the order in which they were taken. ``macs`` is the
    ledger's count for one pass, all ``batch_size`` images. ``params`` is the network's. ``busy_cores`` is how many
    of the machine's processor ``cores`` other processes kept busy meanwhile, on average: what disturbs a time.
    ``time_s`` is the wall time of all that was timed by turns with it.
    """

    times_s: Times
    macs: Some
    params: Whole
    batch_size: Some
    image_size: int | str  # 320x240 where height and width differ
    busy_cores: float
    cores: Whole

    @property
    def spread(self) -> Spread:
        """Median, quartiles, minimum, count and 95th percentile of the times, in seconds."""
        return spread(self.times_s)

    @property
    def images_per_s(self) -> float:
        """Of the median pass."""
        return self.batch_size / self.spread.median

    @property
    def derived(self) -> Mapping[str, float]:
        """What is read first of the times."""
        times = self.spread
        return {"p50_s": times.median, "p95_s": times.p95, "images_per_s": self.images_per_s}

    def stands_beside(self, other: Self) -> bool:
        """Times that were taken in turn are as many, and are compared pair by pair."""
        return len(self.times_s) == len(other.times_s)


@dataclass(frozen=True, slots=True)
class Kernels(Finding):
    """A 1x1 and a 3x3 convolution between the same channels on the same map, timed in turn.

    ``times_1x1_s[i]`` and ``times_3x3_s[i]`` were taken one right after the other. MACs are of one pass of one image.
    """

    channels: int
    map_size: int
    macs_1x1: Some
    macs_3x3: Some
    times_1x1_s: Times
    times_3x3_s: Times
    busy_cores: float
    cores: Whole

    @property
    def ratios(self) -> Spread:
        """Of the times, 1x1 over 3x3, pair by pair."""
        return ratios(self.times_1x1_s, self.times_3x3_s)

    @property
    def fastest_ratio(self) -> float:
        """The fastest 1x1 over the fastest 3x3: what a busy machine disturbs least."""
        return min(self.times_1x1_s) / min(self.times_3x3_s)


@dataclass(frozen=True, slots=True)
class Roofline(Finding):
    """The time of each kind of layer in its place in real forward passes, beside its work; a row a kind.

    A kind is an operator (``ops``), with its ``kernels`` and ``groups`` where it is a convolution (else 0 and 1), and
    ``layers`` counts its layers. ``macs`` and ``bytes_moved`` are the ledger's for one pass of ``batch_size`` images:
    every input, parameter and output once, in float32. The times of a row are those of all its layers in one pass,
    together: median and quartiles over ``passes``. ``pass_s`` is the median of the sums over all layers.

    ``peak_macs_per_s`` is what the best of some large products of float32 reached on the same device with as many
    threads, ``peak_bytes_per_s`` what a copy of a tensor far larger than the caches reached, its reads and writes
    together: the two roofs (Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785). A layer whose data lie
    in a cache can be above the second, and stays below ``cache_bytes_per_s``, what the best of copies of any size
    reached; 0 in records of earlier versions. :func:`roofs` says which of them hold.
    """

    ops: tuple[Kind, ...]
    kernels: tuple[Whole, ...]
    groups: tuple[Some, ...]
    layers: tuple[Whole, ...]
    macs: tuple[Whole, ...]
    bytes_moved: tuple[Some, ...]
    times_s: tuple[Positive, ...]
    lower_s: tuple[Positive, ...]
    upper_s: tuple[Positive, ...]
    passes: int
    pass_s: Positive
    peak_macs_per_s: Positive
    peak_bytes_per_s: Positive
    batch_size: Some
    image_size: int | str  # 320x240 where height and width differ
    busy_cores: float
    cores: Whole
    cache_bytes_per_s: float = 0.0

    @property
    def macs_per_s(self) -> tuple[float, ...]:
        """Achieved by each kind; 0 where the ledger counts none."""
        return tuple(macs / time for macs, time in zip(self.macs, self.times_s, strict=True))

    @property
    def bytes_per_s(self) -> tuple[float, ...]:
        """Achieved by each kind, reads and writes together."""
        return tuple(moved / time for moved, time in zip(self.bytes_moved, self.times_s, strict=True))

    @property
    def macs_per_byte(self) -> tuple[float, ...]:
        """The operational intensity of each kind."""
        return tuple(macs / moved for macs, moved in zip(self.macs, self.bytes_moved, strict=True))


class Roofs(NamedTuple):
    """What no layer can exceed: multiply-adds and bytes a second; None where a layer did, so that it is not known."""

    macs_per_s: float | None
    bytes_per_s: float | None

    @property
    def hold(self) -> bool:
        """Whether both are known."""
        return None not in self


def roofs(records: Sequence[Roofline]) -> Roofs:
    """The roofs of networks that were measured together: the best of what each record holds.

    A kind of layer is taken at its lower quartile of time, as fast as a figure shows it, where it has multiply-adds.
    """
    macs = max(record.peak_macs_per_s for record in records)
    moved = max(max(record.peak_bytes_per_s, record.cache_bytes_per_s) for record in records)
    rows = [
        row for record in records for row in zip(record.macs, record.bytes_moved, record.lower_s, strict=True) if row[0]
    ]
    return Roofs(
        macs if all(done / taken <= macs for done, _, taken in rows) else None,
        moved if all(carried / taken <= moved for _, carried, taken in rows) else None,
    )


class TimingOptions(OnDevice):
    """What a timing of networks depends on besides them."""

    batch_size: int = whole(
        1, N_("Batch size"), N_("Images that go through the network at once."), "data", 1, 4096,
        suggested=(1, 8, 32, 128),
    )  # fmt: skip


class KernelOptions(OnDevice):
    """The two convolutions that are compared; the default is the first stage of an ImageNet network."""

    channels: int = whole(64, N_("Channels"), N_("Of the input and of the output."), "main", 1, 1024)
    map_size: int = whole(56, N_("Map size in pixels"), N_("Height and width of the map."), "main", 1, 224)


LATENCY = Study(
    name="latency",
    title=N_("Time of a forward pass"),
    says=N_(
        "The networks take turns in computing one batch on this machine, again and again; the spread is "
        "shown beside the median."
    ),
    source=ROOFLINE_MODEL,
    options=TimingOptions,
    record=Latency,
    run="resnet_core.probe.latency:measure",
    together=True,
    timed=True,
)
KERNELS = Study(
    name="kernels",
    title=N_("Time of a 1×1 against a 3×3 convolution"),
    says=N_(
        "A 1×1 convolution has a ninth of the multiply-adds of a 3×3 one; here both are timed on this "
        "machine, to see how much of that becomes time."
    ),
    source=ROOFLINE_MODEL,
    options=KernelOptions,
    record=Kernels,
    run="resnet_core.probe.latency:measure_kernels",
    together=True,
    timed=True,
    networks=False,
)
ROOFLINE = Study(
    name="roofline",
    title=N_("What each kind of layer achieves"),
    says=N_(
        "Each layer is timed in its place and set beside what this machine can compute and move, which "
        "tells why some are slow."
    ),
    source=ROOFLINE_MODEL,
    options=TimingOptions,
    record=Roofline,
    run="resnet_core.probe.roofline:measure",
    together=True,
    timed=True,
)
