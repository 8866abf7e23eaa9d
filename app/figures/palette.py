"""The one visual language: A, B and the shortcut each keep one colour on every page.

Blue, vermilion and bluish green of Okabe and Ito's palette (Color Universal Design, 2008), which is safe for the common
colour-vision deficiencies, in shades that reach a contrast of 3:1 on the light and on the dark background. A is also
always solid and B dashed.
"""

from app.slots import Slot

SHORTCUT = "#00956a"
SLOT_COLOURS: dict[Slot, str] = {"a": "#0a7bc2", "b": "#d9600a"}
DASHES: dict[Slot, str] = {"a": "solid", "b": "dash"}
MARKS: dict[Slot, str] = {"a": "circle", "b": "diamond-open"}
