"""A drawing made of SVG elements, which Streamlit's own HTML element would strip.

The element stays mounted and only its content is replaced, with what was folded open still open, so that a toggle moves
nothing else on the page. Text takes
its colour from the theme by ``currentColor``.
"""

import functools
from typing import Any

import streamlit as st

_MOUNT = """
export default function ({ parentElement, data }) {
  const place = parentElement.querySelector(".rx-drawing");
  if (place.rxMarkup === data.markup) return;
  const folds = () => [...place.querySelectorAll("details")];
  const open = folds().map((fold) => fold.open);
  place.rxMarkup = data.markup;
  place.innerHTML = data.markup;
  folds().forEach((fold, index) => (fold.open = open[index] ?? false));
}
"""


def drawing(markup: str, *, key: str) -> None:
    """Mount ``markup``: SVG or HTML text of our own making, in which every word has been escaped."""
    _component()(key=key, data={"markup": markup})


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "resnet_explorer_drawing", html='<div class="rx-drawing"></div>', js=_MOUNT, isolate_styles=False
    )
