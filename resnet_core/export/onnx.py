"""A network as an ONNX file (https://onnx.ai), through ``torch.onnx.export``. Needs the extra ``onnx``.

Imports of torch are inside the functions: whether the extra is there can be asked without it.
"""

import logging
import time
import warnings
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from resnet_core.cost.ledger import FLOAT32, count
from resnet_core.cost.memory import refuse_if_too_large
from resnet_core.errors import N_, Refusal
from resnet_core.export.records import OnnxFile
from resnet_core.fields import Specification
from resnet_core.spec import ArchSpec
from resnet_core.study import Progress, Study, Subject, from_recipe

PACKAGES = ("onnx", "onnxscript")
MAX_BYTES = 300_000_000  # a file of protocol buffers ends at 2 GB, and several copies stand in memory on the way


class OnnxOptions(Specification):
    """Which first weights stand in the file."""

    seed: int = from_recipe("seed", N_("Decides the first weights."))


STUDY = Study(
    name="onnx",
    title=N_("ONNX file"),
    says=N_("The network with its first weights is written as a file that other programs can run."),
    source="https://onnx.ai",
    options=OnnxOptions,
    record=OnnxFile,
    run="resnet_core.export.onnx:measure",
    large=True,
)


def measure(networks: Sequence[Subject], options: OnnxOptions, progress: Progress) -> Iterator[OnnxFile]:
    """One file a network."""
    for network in networks:
        progress(network.place, len(networks), N_("Writing the ONNX file"))
        yield replace(onnx_file(network.spec, options.seed), **network.mark)


def missing() -> list[str]:
    """The packages of the extra that are not installed here."""
    return [name for name in PACKAGES if find_spec(name) is None]


def refuse_onnx(spec: ArchSpec) -> None:
    """A :class:`Refusal` where the extra is missing or the file would be too large."""
    if absent := missing():
        raise Refusal(
            N_("ONNX needs {packages}, which are not installed here: pip install -e '.[onnx]'."),
            packages=", ".join(absent),
        )
    size = FLOAT32 * count(spec).params
    if size > MAX_BYTES:
        raise Refusal(
            N_("This network's weights take {size} MB; the explorer writes ONNX files of up to {most} MB. The PyTorch "
               "source has no such limit."),
            field="width", size=f"{size / 1e6:,.0f}", most=f"{MAX_BYTES / 1e6:,.0f}",
        )  # fmt: skip


def onnx_bytes(spec: ArchSpec, seed: int = 0) -> bytes:
    """The network in evaluation mode with the first weights of ``seed``.

    Input ``images`` of ``(batch, C, H, W)``, output ``scores`` of ``(batch, num_classes)``, both float32; the batch is
    free.
    """
    refuse_onnx(spec)
    refuse_if_too_large(spec, batch_size=2)
    content: bytes = _program(spec, seed).model_proto.SerializeToString()
    return content


def onnx_file(spec: ArchSpec, seed: int = 0) -> OnnxFile:
    """As :func:`onnx_bytes`, as a record."""
    started = time.perf_counter()
    content = onnx_bytes(spec, seed)
    import onnx

    from resnet_core.devices import provenance

    opset = onnx.load_model_from_string(content).opset_import[0].version
    return OnnxFile(
        base64=b64encode(content).decode("ascii"),
        size_bytes=len(content),
        opset=opset,
        **provenance("cpu", seed, started, *PACKAGES),
    )


def _program(spec: ArchSpec, seed: int) -> Any:
    import torch

    from resnet_core.model.network import build

    # It warns of torchvision's operators, which are not there and not used here.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    images = torch.zeros(2, spec.in_channels, *spec.image_shape)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter meets deprecations in torch itself
        return torch.onnx.export(
            build(spec, seed).eval(), (images,), dynamo=True, verbose=False, input_names=["images"],
            output_names=["scores"], dynamic_shapes={"x": {0: torch.export.Dim("batch")}},
        )  # fmt: skip
