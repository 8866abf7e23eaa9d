"""A picture of a record as an image for HTML: PNG in the page itself."""

from base64 import b64encode
from html import escape
from io import BytesIO

from PIL import Image

from resnet_core.probe.picture import Picture

SHOWN = 96  # pixels, of the longer side


def picture_html(one: Picture, label: str) -> str:
    """One channel in grey, three in colour, else the first in grey; each value becomes a square."""
    size = one.width, one.height
    plane = one.width * one.height
    bands = [Image.frombytes("L", size, one.values[place * plane : (place + 1) * plane]) for place in _bands(one)]
    if not bands:
        return ""
    image = Image.merge("RGB", bands) if len(bands) == 3 else bands[0]
    factor = max(1, SHOWN // max(size))
    file = BytesIO()
    image.resize((factor * one.width, factor * one.height), Image.Resampling.NEAREST).save(file, "PNG")
    text = b64encode(file.getvalue()).decode()
    return f'<img src="data:image/png;base64,{text}" alt="{escape(label)}">'


def _bands(one: Picture) -> range:
    return range(3 if len(one.channels) == 3 else min(1, len(one.channels)))
