"""The one visual language: A, B and the shortcut each keep one colour on every page.

Blue, vermilion and bluish green of Okabe and Ito's palette (Color Universal Design, 2008), which is safe for the common
colour-vision deficiencies, in shades that reach a contrast of 3:1 on the light and on the dark background. A is also
always solid and B dashed.
"""

SHORTCUT = "#00956a"
SLOT_COLOURS = {"a": "#0a7bc2", "b": "#d9600a"}
SLOT_NAMES = {"a": "A", "b": "B"}
DASHES = {"a": "solid", "b": "dash"}
MARKS = {"a": "circle", "b": "diamond-open"}
