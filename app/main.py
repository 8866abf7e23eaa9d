"""The entry: names the pages, nothing else.

Guarded, imports included, because every child process of the desk executes this file again under another name.
"""

if __name__ == "__main__":
    import streamlit as st

    from app import state
    from app.views import explore, frame, train

    frame.configure()
    words = state.language()
    pages = [
        st.Page(explore.show, title=words("Explore"), url_path="explore", default=True),
        st.Page(train.show, title=words("Train"), url_path="train"),
    ]
    page = st.navigation(pages, position="top")
    state.begin(page.url_path)
    frame.header(words)
    page.run()
    frame.footer(words, [other for other in pages if other != page])
