"""Draws records: a record goes in, a Plotly figure (plain lists and dicts) or an SVG text comes out. No Streamlit."""
