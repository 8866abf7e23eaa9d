"""The ONNX file puts out what the module puts out, checked with a runtime that knows nothing of PyTorch."""

import importlib.util
from typing import Any

import pytest
import torch

from resnet_core import ArchSpec, Refusal, build
from resnet_core.export import onnx as export
from resnet_core.records import from_json, to_json

SMALL = ArchSpec(stages=(1, 2), width=4, image_size=8)
absent = [name for name in (*export.PACKAGES, "onnxruntime") if importlib.util.find_spec(name) is None]
with_the_extra = pytest.mark.skipif(bool(absent), reason=f"the extra onnx is not installed: {', '.join(absent)}")


@with_the_extra
@pytest.mark.parametrize(
    "changes",
    [
        {"stem": "imagenet"},
        {"ordering": "full_preact", "block": "bottleneck", "groups": 2, "shortcut": "exclusive_gating"},
        {"norm": "group", "attention": "se", "cut": (2,), "branch_dropout": 0.2},
        {"stem": "deep", "projection": "D", "residual_scale": 0.5, "stochastic_depth": 0.5, "image_size": "25x12"},
    ],
)
def test_the_runtime_puts_out_the_module_s_scores(changes: dict[str, Any]) -> None:
    import onnxruntime

    spec = SMALL.with_(**changes)
    file = export.onnx_file(spec, seed=3)
    assert file.size_bytes == len(file.content)
    assert from_json(type(file), to_json(file)) == file
    session = onnxruntime.InferenceSession(file.content)
    images = torch.randn(3, spec.in_channels, *spec.image_shape)
    (scores,) = session.run(["scores"], {"images": images.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(scores), build(spec, seed=3).eval()(images), rtol=1e-4, atol=1e-5)


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    with pytest.raises(Refusal, match=r"onnx, onnxscript.*pip install -e '.\[onnx\]'"):
        export.onnx_bytes(SMALL)


def test_a_file_that_would_be_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "missing", list)
    with pytest.raises(Refusal, match="300 MB"):
        export.onnx_bytes(ArchSpec(width=512, block="bottleneck"))
