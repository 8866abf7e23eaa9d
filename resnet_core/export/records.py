"""What a child process hands back of an export. No torch here."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from resnet_core.study import Finding

BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"  # RFC 4648, section 4


@dataclass(frozen=True, slots=True)
class OnnxFile(Finding):
    """A network as an ONNX file, its bytes in base64; ``versions`` names what wrote it too."""

    base64: Annotated[str, Field(pattern=BASE64)]
    size_bytes: int
    opset: int

    def measured_by(self) -> tuple[str, ...]:
        """What wrote it."""
        return "torch", "onnx"

    @property
    def content(self) -> bytes:
        """The file."""
        return b64decode(self.base64)
