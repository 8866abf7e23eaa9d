"""The idea in three formulas, with their sources."""

import streamlit as st

from app import state


@st.fragment
def show() -> None:
    """The section, folded away; it is made only while it is open, for the formulas bring a large script."""
    words = state.resume()
    with st.expander(words("The idea in three formulas"), key="lesson", on_change="rerun") as folded:
        if not folded.open:
            return
        st.markdown(
            words(
                "**1. A block learns only the difference.** If the best thing a block can do is little, it is easier "
                "to push F towards zero than to make a stack of layers copy its input (arXiv:1512.03385, equation 1)."
            )
        )
        st.latex(r"H(x) = F(x) + x")
        st.markdown(
            words(
                "**2. The signal arrives unchanged.** Where the shortcut is the identity and nothing follows the "
                "addition, as in full pre-activation, any block's input is an earlier one plus a sum "
                "(arXiv:1603.05027, equation 4)."
            )
        )
        st.latex(r"x_L = x_l + \sum_{i=l}^{L-1} F(x_i, W_i)")
        st.markdown(
            words(
                "**3. So does the gradient.** The 1 carries the gradient past every weight layer. A plain network has "
                "only the product of its layers, which shrinks or grows with every block (arXiv:1603.05027, equation "
                "5)."
            )
        )
        st.latex(
            r"\frac{\partial E}{\partial x_l} = \frac{\partial E}{\partial x_L}"
            r"\left(1 + \frac{\partial}{\partial x_l} \sum_{i=l}^{L-1} F(x_i, W_i)\right)"
        )
        st.markdown(
            words(
                "Read it in the figure above: with BatchNorm, the gradient of an untrained plain network usually "
                "*grows* on its way back to the image, by a constant factor a block. Too large is as bad as too "
                "small: one learning rate cannot suit the first block and the last."
            )
        )
