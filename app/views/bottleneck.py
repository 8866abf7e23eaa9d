"""The bottleneck's arithmetic as a worked example with sliders."""

import streamlit as st


def show() -> None:
    """Nothing yet."""
    st.empty()
