"""The ledger by formula: of ResNet-152 against fvcore's count of the running network, and of every other preset."""

import logging
import warnings
from statistics import median

from benchmarks.report import Line, milliseconds, of_samples

TITLE = "Counting ResNet-152 at 224 pixels, and every other preset"
DEEPER = ("cifar1202", "preact1001")  # than ResNet-152


def measure() -> list[Line]:
    """Formula and tracer in one process and one run; building the network is not counted against fvcore."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fvcore imports torch.jit
        from fvcore.nn import FlopCountAnalysis

    from resnet_core import build, count, preset, presets

    logging.getLogger("fvcore").setLevel(logging.ERROR)  # it warns of every addition that it does not count
    spec = preset("resnet152")
    model, image = build(spec).eval(), torch.zeros(1, 3, 224, 224)

    def fvcore() -> int:
        analysis = FlopCountAnalysis(model, image)
        return int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())

    totals = milliseconds(lambda: count(spec), repeats=300, warm_up=20)
    rows = milliseconds(lambda: count(spec).rows, repeats=300, warm_up=20)
    each = {
        name: milliseconds(lambda spec=row.spec: count(spec), repeats=100, warm_up=10)
        for name, row in presets().items()
        if name not in DEEPER
    }
    slowest = max(each, key=lambda name: median(each[name]))
    specs = [preset(name) for name in DEEPER]
    deepest, preact = (milliseconds(lambda spec=spec: count(spec).rows, repeats=50, warm_up=5) for spec in specs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = milliseconds(fvcore, repeats=5)
    return [
        of_samples("count(spec): totals", totals, "ms", limit=1.0, at_most=True),
        of_samples("count(spec).rows: totals and every layer's row", rows, "ms"),
        of_samples(
            f"the slowest of {len(each)} presets ({slowest}): totals", each[slowest], "ms", limit=1.0, at_most=True
        ),
        of_samples("ResNet-1202: totals and every layer's row", deepest, "ms", limit=20.0, at_most=True),
        of_samples("pre-activation ResNet-1001: totals and rows", preact, "ms"),
        of_samples("fvcore FlopCountAnalysis(model, image).total()", peer, "ms"),
        Line("fvcore over totals", median(peer) / median(totals), "times", limit=500.0),
        Line("fvcore over totals and rows", median(peer) / median(rows), "times"),
    ]
