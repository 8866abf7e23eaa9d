"""The timings: what they count is the ledger's, what they time is the network. No speed is asserted."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from resnet_core import ArchSpec, Refusal, build, count, devices, preset
from resnet_core.export.findings import findings_text
from resnet_core.jobs.control import Stopped
from resnet_core.probe import clock, latency, roofline
from resnet_core.probe.latency import kernels, latencies
from resnet_core.probe.roofline import kind_of, rooflines
from resnet_core.probe.timing import (
    LATENCY,
    ROOFLINE,
    Kernels,
    Latency,
    Roofline,
    TimingOptions,
    ratios,
    roofs,
    spread,
)
from resnet_core.records import from_json, to_json
from resnet_core.study import Subject

SMALL = ArchSpec(stages=(1, 1, 1), width=4)
QUICK = {"repeats": 6, "budget_s": 0.05}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_record_holds_every_pass_and_tells_where_it_was_taken() -> None:
    measured = latency.latency(SMALL, batch_size=2, repeats=9, seed=3)
    assert len(measured.times_s) == 9
    assert all(taken > 0 for taken in measured.times_s)
    ledger = count(SMALL)
    assert (measured.macs, measured.params) == (2 * ledger.macs, ledger.params)
    assert (measured.batch_size, measured.image_size, measured.seed) == (2, 32, 3)
    assert (measured.device, measured.threads, measured.versions["torch"]) == ("cpu", 1, str(torch.__version__))
    assert measured.device_name
    assert measured.busy_cores >= 0
    assert measured.cores >= 1
    assert from_json(Latency, to_json(measured)) == measured


def test_the_spread_is_made_of_quartiles() -> None:
    assert spread((5.0, 1.0, 4.0, 2.0, 3.0)) == pytest.approx((2.0, 3.0, 4.0, 1.0, 5, 4.8))
    assert spread(tuple(range(101))).p95 == pytest.approx(95)
    assert ratios((1.0, 2.0, 9.0), (2.0, 2.0, 3.0)).median == 1.0


def test_a_terminal_reads_median_percentile_and_rate() -> None:
    record = Latency(
        (0.2, 0.4, 0.3), macs=1, params=1, batch_size=6, image_size=32, busy_cores=0, cores=1, seed=0, device="cpu",
        device_name="", threads=1, versions={"torch": "2"}, time_s=1,
    )  # fmt: skip
    told = list(findings_text(record))
    assert {"  p50_s = 3.0000e-01", "  p95_s = 3.9000e-01", "  images_per_s = 2.0000e+01"} <= set(told)


def test_networks_are_timed_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def once(work: Any, _device: torch.device) -> float:
        work()
        return 1e-3

    monkeypatch.setattr(clock, "once", once)
    works = [lambda: seen.append("a"), lambda: seen.append("b")]
    times = clock.in_turn(works, torch.device("cpu"), repeats=7, budget_s=10)
    assert seen == ["a"] * 3 + ["b"] * 3 + ["a", "b"] * 7  # the warm-up, then in turn
    assert [len(taken) for taken in times] == [7, 7]


def test_a_slow_network_takes_five_passes_and_one_to_warm_up() -> None:
    calls = 0

    def slow() -> None:
        nonlocal calls
        calls += 1
        time.sleep(0.01)

    (times,) = clock.in_turn([slow], torch.device("cpu"), repeats=100, budget_s=0.02)
    assert (len(times), calls) == (5, 6)
    assert all(taken >= 0.01 for taken in times)


def test_where_one_pass_takes_longer_than_the_budget_three_count_and_one_warms_up() -> None:
    calls: list[str] = []

    def slow(name: str) -> None:
        calls.append(name)
        time.sleep(0.02)

    works = [lambda: slow("a"), lambda: slow("b")]
    times = clock.in_turn(works, torch.device("cpu"), repeats=100, budget_s=0.01)
    assert calls == ["a", "b"] * 4
    assert [len(taken) for taken in times] == [3, 3]


def test_a_long_pass_tells_of_each_unit_and_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "PATIENCE_S", 0.0)
    monkeypatch.setattr(latency, "LONG_S", 0.0)
    told: list[float] = []
    specs = [SMALL, SMALL.with_(skip=False, stages=(3, 3, 3))]
    (first, _) = latencies(specs, repeats=3, budget_s=1e-6, tell=told.append)
    assert len(first.times_s) == 3
    assert told == sorted(told)
    # A word for each of 3 and 9 units in the warm-up and in three rounds, and one at the end of each of these.
    assert len(told) == 1 + 4 * (3 + 9) + 3
    assert sum(share < 0.25 for share in told) == 1 + 12, "a quarter for the one pass that does not count"
    assert len(set(told)) > 40
    assert told[-1] == 1


def test_a_pass_is_as_far_as_the_bytes_that_it_has_moved() -> None:
    shares = latency.shares_before(count(preset("resnet50")))
    assert len(shares) == 16
    assert list(shares) == sorted(shares)
    assert shares[0] > 0, "the stem"
    assert shares[3] - shares[0] > 0.25, "the first stage has 3 of the 16 blocks and a fifth of the multiply-adds"
    assert shares[-1] < 1


def test_a_stop_ends_a_pass_in_its_middle_and_leaves_no_hook() -> None:
    def stop(share: float) -> None:
        if share > 0.5:
            raise Stopped

    passes = latency.Passes(build(SMALL).eval(), torch.device("cpu"))
    with pytest.raises(Stopped), torch.inference_mode():
        passes.time(torch.zeros(1, 3, 32, 32), stop)
    assert not any(unit._forward_pre_hooks for unit in passes._model.units)


def test_the_budget_ends_the_repeats() -> None:
    started = time.perf_counter()
    measured = latencies([SMALL, SMALL], repeats=10**6, budget_s=0.2)
    assert time.perf_counter() - started < 5
    assert 5 <= len(measured[0].times_s) == len(measured[1].times_s) < 10**6


def test_the_threads_of_the_caller_are_left_as_they_were() -> None:
    (measured,) = latencies([SMALL], threads=2, **QUICK)
    assert measured.threads == 2
    assert torch.get_num_threads() == 1


def test_what_cannot_be_timed_is_refused_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("built")

    monkeypatch.setattr(latency, "build", never)
    with monkeypatch.context() as little:
        little.setattr(devices, "free_bytes", lambda _: 10**9)
        with pytest.raises(Refusal, match=r"GB on 512 images of 32 pixels, and 1.0 GB are free"):
            latencies([SMALL, SMALL.with_(width=256)], batch_size=512)
    monkeypatch.setattr(devices, "free_bytes", lambda _: 10**12)
    assert latency.measurable(preset("resnet50"), 128, "cpu").macs == 4_089_184_256, (
        "it takes its time, and is measured"
    )
    monkeypatch.setattr(devices, "available", lambda: ["cpu"])
    with pytest.raises(Refusal, match="no CUDA device"):
        kernels(device="cuda")


def test_a_1x1_has_a_ninth_of_the_macs_of_a_3x3() -> None:
    measured = kernels(8, 14, **QUICK)
    assert measured.macs_3x3 == 9 * measured.macs_1x1 == 9 * 8 * 8 * 14 * 14
    assert len(measured.times_1x1_s) == len(measured.times_3x3_s) == measured.ratios.repeats
    assert 0 < measured.ratios.lower <= measured.ratios.median <= measured.ratios.upper
    assert measured.fastest_ratio == min(measured.times_1x1_s) / min(measured.times_3x3_s)
    assert from_json(Kernels, to_json(measured)) == measured


CHANGES: list[dict[str, Any]] = [
    {},
    {"skip": False},
    {"shortcut": "exclusive_gating"},
    {"shortcut": "shortcut_only_gating"},
    {"shortcut": "constant_scaling"},
    {"shortcut": "dropout"},
    {"ordering": "full_preact", "projection": "B"},
    {"ordering": "bn_after_addition", "norm": "none"},
    {"stem": "imagenet", "block": "bottleneck", "groups": 2, "width_per_group": 32, "projection": "C"},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_the_replay_runs_every_layer_once_and_puts_out_the_same_bits(changes: dict[str, Any]) -> None:
    spec = SMALL.with_(stages=(2, 2, 1), **changes)
    model, ledger = build(spec).eval(), count(spec)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    seen = []

    def run(layer: Any, work: Any) -> torch.Tensor:
        seen.append(layer.op)
        out: torch.Tensor = work()
        return out

    with torch.inference_mode():
        assert torch.equal(model.replay(x, run), model(x))
    assert sorted(seen) == sorted(layer.op for layer in ledger.plan)


def test_the_kinds_of_a_roofline_add_up_to_the_ledger() -> None:
    specs = [SMALL.with_(shortcut="exclusive_gating"), SMALL.with_(skip=False)]
    for spec, found in zip(specs, rooflines(specs, batch_size=3, **QUICK), strict=True):
        ledger = count(spec)
        kinds = list(zip(found.ops, found.kernels, found.groups, strict=True))
        assert len(set(kinds)) == len(kinds)
        assert set(kinds) == {tuple(kind_of(layer)) for layer in ledger.plan}
        assert sum(found.layers) == len(ledger.plan)
        assert sum(found.macs) == 3 * ledger.macs
        assert [bool(macs) for macs in found.macs] == [op in ("conv", "fc") for op in found.ops]
        assert all(0 < low <= middle <= high for low, middle, high in
                   zip(found.lower_s, found.times_s, found.upper_s, strict=True))  # fmt: skip
        assert found.passes >= 5
        assert found.peak_macs_per_s > 0
        assert found.peak_bytes_per_s > 0
        assert from_json(Roofline, to_json(found)) == found


def test_images_of_any_height_and_width_are_timed() -> None:
    spec = SMALL.with_(image_size="24x17")
    (timed,), (found,) = latencies([spec], **QUICK), rooflines([spec], **QUICK)
    assert timed.image_size == found.image_size == "24x17"
    assert timed.macs == sum(found.macs) == count(spec).macs


RECORD = Roofline(
    ops=("conv", "bn"), kernels=(3, 0), groups=(1, 1), layers=(1, 1), macs=(100, 0), bytes_moved=(10, 1000),
    times_s=(2.0, 1.0), lower_s=(1.0, 0.1), upper_s=(3.0, 2.0), passes=5, pass_s=3.0, peak_macs_per_s=100,
    peak_bytes_per_s=4, cache_bytes_per_s=10, batch_size=1, image_size=32, busy_cores=0, cores=1, seed=0, device="cpu",
    device_name="", threads=1, versions={"torch": "2"}, time_s=1,
)  # fmt: skip


def test_a_roof_that_a_layer_exceeds_is_none() -> None:
    assert roofs([RECORD]) == (100, 10), "what has no multiply-adds has no place under it"
    slower = replace(RECORD, peak_macs_per_s=99)
    assert roofs([slower]) == (None, 10)
    assert roofs([slower, RECORD]) == (100, 10), "the better of those that were measured together"
    assert roofs([replace(RECORD, cache_bytes_per_s=0)]) == (100, None)
    assert not roofs([slower]).hold


def test_the_roofs_are_tried_again_where_a_layer_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = iter([1.0, 2.0, 1e18, 3.0])

    def peaks(_place: torch.device) -> dict[str, float]:
        return {"peak_macs_per_s": next(tried), "peak_bytes_per_s": 1e15, "cache_bytes_per_s": 1e15}

    monkeypatch.setattr(roofline, "_peaks", peaks)
    (found,) = rooflines([SMALL], **QUICK)
    assert found.peak_macs_per_s == 1e18
    assert next(tried) == 3.0, "not oftener than needed"


def test_the_bytes_of_a_kind_are_inputs_parameters_and_outputs_once() -> None:
    (found,) = rooflines([SMALL], batch_size=2, **QUICK)
    at = found.ops.index("fc")
    assert found.bytes_moved[at] == 4 * (2 * 16 + (16 * 10 + 10) + 2 * 10)
    assert found.macs_per_byte[at] == 2 * 160 / found.bytes_moved[at]
    assert found.macs_per_s[at] == 2 * 160 / found.times_s[at]
    add = found.ops.index("add")
    size = 4 * 32 * 32 + 8 * 16 * 16 + 16 * 8 * 8
    assert found.bytes_moved[add] == 4 * 2 * 3 * size
    assert found.macs_per_s[add] == 0


def test_the_time_of_each_network_is_told_with_its_progress() -> None:
    networks = [Subject("a", SMALL), Subject("b", SMALL.with_(skip=False), 1)]
    told: list[tuple[float, float]] = []

    def progress(done: float, of: float, _words: str, /, **_values: Any) -> None:
        told.append((done, of))

    for study, measure in ((LATENCY, latency.measure), (ROOFLINE, roofline.measure)):
        told.clear()
        found = list(measure(networks, TimingOptions(batch_size=2), progress))
        assert [(record.network, record.place, record.batch_size) for record in found] == [("a", 0, 2), ("b", 1, 2)]
        assert {type(record) for record in found} == {study.record}
        shares = [done / of for done, of in told]
        assert shares == sorted(shares)
        assert shares[0] == 0
        assert 0.9 < shares[-1] <= 1
