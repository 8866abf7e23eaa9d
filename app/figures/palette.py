"""The one visual language: each network and the shortcut keep one colour on every page.

Blue, vermilion, bluish green, and for C and D reddish purple and yellow, of Okabe and Ito's palette (Color Universal
Design, 2008), which is safe for the common colour-vision deficiencies, in shades that reach a contrast of 3:1 on the
light and on the dark background. A is also always solid, B dashed, C dotted, D both.
"""

from app.slots import Slot

SHORTCUT = "#00956a"
SLOT_COLOURS: dict[Slot, str] = {"a": "#0a7bc2", "b": "#d9600a", "c": "#b0508f", "d": "#8f7a12"}
DASHES: dict[Slot, str] = {"a": "solid", "b": "dash", "c": "dot", "d": "dashdot"}
MARKS: dict[Slot, str] = {"a": "circle", "b": "diamond-open", "c": "square", "d": "triangle-up-open"}
