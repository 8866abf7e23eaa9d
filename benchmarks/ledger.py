"""The ledger of ResNet-152 by formula, against fvcore's count of the running network."""

import logging
import warnings
from statistics import median

from benchmarks.report import Line, milliseconds, of_samples

TITLE = "Counting ResNet-152 at 224 pixels"


def measure() -> list[Line]:
    """Formula and tracer in one process and one run; building the network is not counted against fvcore."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fvcore imports torch.jit
        from fvcore.nn import FlopCountAnalysis

    from resnet_core import build, count, preset

    logging.getLogger("fvcore").setLevel(logging.ERROR)  # it warns of every addition that it does not count
    spec = preset("resnet152")
    model, image = build(spec).eval(), torch.zeros(1, 3, 224, 224)

    def fvcore() -> int:
        analysis = FlopCountAnalysis(model, image)
        return int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())

    totals = milliseconds(lambda: count(spec), repeats=300, warm_up=20)
    rows = milliseconds(lambda: count(spec).rows, repeats=300, warm_up=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = milliseconds(fvcore, repeats=5)
    return [
        of_samples("count(spec): totals", totals, "ms", limit=1.0, at_most=True),
        of_samples("count(spec).rows: totals and every layer's row", rows, "ms"),
        of_samples("fvcore FlopCountAnalysis(model, image).total()", peer, "ms"),
        Line("fvcore over totals", median(peer) / median(totals), "times", limit=500.0),
        Line("fvcore over totals and rows", median(peer) / median(rows), "times"),
    ]
