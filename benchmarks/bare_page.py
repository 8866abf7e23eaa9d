"""The least that Streamlit can show: one toggle and what it says. How soon it works is what no page can undercut."""

import streamlit as st

on = st.toggle("Skip connections", key="skip")
st.html(f'<p data-on="{on}">{on}</p>')
