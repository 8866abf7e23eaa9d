"""One image file of a visitor's archive, as the network sees it."""

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MAX_PIXELS = 50_000_000  # a camera's largest; read from the header, before anything is decoded
# What Pillow raises for a broken file depends on the format and on where it is broken.
BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, OverflowError, struct.error,
          zlib.error, MemoryError)  # fmt: skip


def decode(data: bytes, side: int) -> NDArray[np.uint8]:
    """The middle square of the image, resized to ``(3, side, side)`` uint8; ValueError if it is none.

    Turned upright as its EXIF data say, the first picture of an animation, grey as RGB, what is transparent on white.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            opened.draft("RGB", (2 * side, 2 * side))  # a JPEG is then decoded small
            upright = ImageOps.exif_transpose(opened)
            square = ImageOps.fit(_rgb(upright), (side, side), Image.Resampling.BICUBIC)
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from error
    return np.asarray(square, np.uint8).transpose(2, 0, 1)


def _rgb(image: "Picture") -> "Picture":
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        return Image.fromarray((np.asarray(image, np.int64) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(ground, layered).convert("RGB")
