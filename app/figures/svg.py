"""A few helpers for drawings made of SVG elements."""

import re
from collections.abc import Iterable
from html import escape

FONT = "Source Sans Pro, Helvetica, Arial, sans-serif"
INK = "#1f2430"  # text and lines on white paper


def element(tag: str, content: str = "", /, **attributes: object) -> str:
    """One element; ``stroke_width`` becomes ``stroke-width``, ``class_`` becomes ``class``."""
    text = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_short(value), quote=True)}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{text}>{content}</{tag}>" if content else f"<{tag}{text}/>"


def label(x: float, y: float, words: str, **attributes: object) -> str:
    """A text centred on ``x``, in the colour of the page's text unless ``fill`` says otherwise."""
    style = {"text_anchor": "middle", "dominant_baseline": "central", "fill": "currentColor", "font_size": 12}
    return element("text", escape(words), x=x, y=y, **{**style, **attributes})


def path(points: str, colour: str, **attributes: object) -> str:
    """An open line."""
    style = {"fill": "none", "stroke": colour, "stroke_width": 2, "stroke_linejoin": "round"}
    return element("path", d=points, **{**style, **attributes})


def picture(width: float, height: float, parts: Iterable[str], name: str, **attributes: object) -> str:
    """The whole drawing, as wide as its place allows, with a name for a screen reader."""
    size = {"viewBox": f"0 0 {_short(width)} {_short(height)}", "role": "img", "aria_label": name}
    style = {"font_family": "inherit", "preserveAspectRatio": "xMidYMin meet"}
    return element("svg", "".join(parts), **size, **{**style, **attributes})


def _short(value: object) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def standalone(markup: str) -> str:
    """A :func:`picture` as a file of its own: namespace, size, font and text colour, which a page gives otherwise."""
    opening, rest = markup.split(">", 1)
    found = re.search(r'viewBox="0 0 (\S+) (\S+)"', opening)
    assert found, "a picture has a viewBox"
    opening = re.sub(r' style="[^"]*"', "", opening).replace('font-family="inherit"', f'font-family="{FONT}"')
    opening += f' xmlns="http://www.w3.org/2000/svg" width="{found[1]}" height="{found[2]}"'
    return f"{opening}>{rest}".replace("currentColor", INK) + "\n"
