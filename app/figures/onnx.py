"""A network's ONNX file, with what wrote it."""

import re
from html import escape

from app.figures.parts import File, Names, Part, Records, source
from app.text import Words

FOREIGN = re.compile(r"[^A-Za-z0-9_.]+")  # in the name of a file


def drawing(records: Records, names: Names, words: Words) -> list[Part]:
    """The file and its facts, for each network."""
    parts: list[Part] = []
    for slot, files in records.items():
        file, name = files[-1], file_name(names[slot])
        title = words("ONNX, {name}.onnx", name=name)
        parts.append(File(title, file.content, f"{name}.onnx", "application/octet-stream"))
        told = words(
            "{size} bytes, opset {opset}, first weights of seed {seed}; torch {torch}, onnx {onnx}, {seconds} s.",
            size=f"{file.size_bytes:,}", opset=file.opset, seed=file.seed, torch=escape(file.versions["torch"]),
            onnx=escape(file.versions["onnx"]), seconds=f"{file.time_s:.1f}",
        )  # fmt: skip
        parts.append(source(told))
    return parts


def file_name(title: str) -> str:
    """A neutral name such as ``resnet50`` or ``cifar56-width-32``, the same for the same network."""
    return FOREIGN.sub("-", title)[:80].strip("-.")
