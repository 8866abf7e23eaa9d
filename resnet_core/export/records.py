"""What a child process hands back of an export. No torch here."""

from base64 import b64decode
from dataclasses import dataclass

from resnet_core.study import Finding


@dataclass(frozen=True, slots=True)
class OnnxFile(Finding):
    """A network as an ONNX file, its bytes in base64; ``versions`` names what wrote it too."""

    base64: str
    size_bytes: int
    opset: int

    @property
    def content(self) -> bytes:
        """The file."""
        return b64decode(self.base64)
