"""The entry, for ``streamlit run``: names the pages, nothing else.

It is read twice. The server imports it for ``app``, which adds the route of live trainings to Streamlit's own; then
each visitor's run executes it as a script. Guarded, imports included, because every child process of the desk may
execute this file again under another name.
"""

if __name__ == "__main__":
    import streamlit as st

    from app import state
    from app.views import explore, frame, runs, train

    frame.configure()
    words = state.language()
    pages = [
        st.Page(explore.show, title=words("Explore"), url_path="explore", default=True),
        st.Page(train.show, title=words("Train"), url_path="train"),
        st.Page(runs.show, title=words("Runs"), url_path="runs"),
    ]
    page = st.navigation(pages, position="top")
    state.begin(page.url_path)
    frame.header(words)
    page.run()
    frame.footer(words, [other for other in pages if other != page])
elif __name__ != "__mp_main__":
    import streamlit as st

    from app import live, measured

    app = st.App(__file__, routes=[*live.routes(), *measured.routes()], lifespan=live.lifespan)
