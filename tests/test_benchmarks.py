"""The benchmark of a GPU, where there is none: the same steps on the CPU."""

from benchmarks.gpu import compare
from resnet_core import TrainSpec


def test_the_gpu_benchmark_runs_through() -> None:
    how = TrainSpec(precision="float32", memory_format="contiguous")
    *paces, ratio, busy = compare("cifar20", how, steps=2, pairs=1)
    assert [line.unit for line in paces] == ["images/s"] * 2
    assert ratio.value == paces[0].value / paces[1].value
    assert busy.value > 0
