"""What a child process hands back of an export. No torch here."""

from base64 import b64decode
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A network as an ONNX file, its bytes in base64; ``versions`` names what wrote it."""

    base64: str
    size_bytes: int
    opset: int
    seed: int
    versions: dict[str, str]
    time_s: float

    @property
    def content(self) -> bytes:
        """The file."""
        return b64decode(self.base64)
