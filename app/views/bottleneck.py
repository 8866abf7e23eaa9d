"""The bottleneck's arithmetic as a worked example: the well-known shorthand, and what it leaves out."""

import streamlit as st

from app import state
from app.figures.bottleneck import design_cards
from app.text import Words
from resnet_core.cost.bottleneck import Comparison, Conv, compare


@st.fragment
def show() -> None:
    """The section, with its three sliders. The paper's numbers are the start (arXiv:1512.03385, Figure 5)."""
    words = state.resume()
    st.subheader(words("Why a bottleneck: 1152 against 896, and what that leaves out"))
    narrow_place, wide_place, size_place = st.columns(3)
    narrow = narrow_place.slider(words("Narrow channels"), 8, 512, 64, 8, key="bottleneck.narrow")
    wide = wide_place.slider(words("Wide channels"), 8, 2048, 256, 8, key="bottleneck.wide")
    size = size_place.slider(words("Map size in pixels"), 1, 112, 56, key="bottleneck.size")
    comparison = compare(narrow, wide, size)
    st.html(design_cards(comparison, words))
    st.markdown(_lesson(comparison, words))


def _lesson(comparison: Comparison, words: Words) -> str:
    narrow, bottleneck, wide = comparison
    three, one = Conv(3, 64, 64).weights, Conv(1, 64, 64).weights
    lines = (
        words(
            "**The shorthand** adds kernel area × output channels for each layer: the multiply weights that meet "
            "*one* input channel. It gives {narrow:,} against {bottleneck:,}, {change}.",
            narrow=narrow.shorthand, bottleneck=bottleneck.shorthand,
            change=_change(narrow.shorthand, bottleneck.shorthand, words),
        ),
        words(
            "**The true weights** count the input channels too, and these differ from layer to layer: {narrow:,} "
            "against {bottleneck:,}, {change}. The bottleneck carries {wide} channels for that instead of {few}.",
            narrow=narrow.weights, bottleneck=bottleneck.weights,
            change=_change(narrow.weights, bottleneck.weights, words),
            wide=bottleneck.convs[0].inputs, few=narrow.convs[0].inputs,
        ),
        words(
            "**On the same {channels} channels** two 3×3 convolutions need {wide:,} weights: {ratio:.2f} times the "
            "bottleneck's.",
            channels=wide.convs[0].inputs, wide=wide.weights, ratio=wide.weights / bottleneck.weights,
        ),
        words(
            "**A 1×1 costs a ninth of a 3×3** between the same channels: with 64 and 64, {one:,} against {three:,} "
            "weights.",
            one=one, three=three,
        ),
        words("BatchNorm and biases are not counted here; the table above counts them."),
    )  # fmt: skip
    return "\n".join(f"- {line}" for line in lines)


def _change(before: int, after: int, words: Words) -> str:
    share = f"{abs(after - before) / before:.1%}"
    return words("{share} less", share=share) if after <= before else words("{share} more", share=share)
