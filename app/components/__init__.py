"""The two custom elements of the pages: a live Plotly figure, and a drawing."""
