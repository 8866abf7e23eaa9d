"""The page's address to hand on: to copy, and as a QR code for a room full of telephones."""

import io
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from app import link, state
from app.components.address import address
from app.components.drawing import drawing
from app.text import Words

MODULE_PX = 4  # side of one square of the code on the screen
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def show(words: Words) -> None:
    """A button in the header; address and code are made only while it is open."""
    with st.popover(words("Share"), key="share", on_change="rerun") as opened:
        if not opened.open:
            return
        url = address_of(st.context.url or "", link.write(state.experiment()))
        st.caption(words("This address holds all that you have set: networks, recipe, and the run on show."))
        address(url, key="share.address", words=words)
        if code := qr_code(url, words("QR code of this page's address")):
            drawing(code, key="share.code")
        else:
            st.caption(words("The address is too long for a QR code."))
        if urlsplit(url).hostname in LOOPBACK:
            st.caption(words("It begins with this machine's own name for itself: other devices need its network name."))


def address_of(page: str, parameters: dict[str, str]) -> str:
    """The address of a page with an experiment; what its own query held is replaced."""
    parts = urlsplit(page)
    return parts._replace(path=parts.path or "/", query=urlencode(parameters, safe=","), fragment="").geturl()


def qr_code(url: str, title: str) -> str:
    """An address as an SVG, dark on light on every theme, as readers expect it; "" where it does not fit."""
    try:
        code = segno.make_qr(url, error="l")
    except segno.DataOverflowError:
        return ""
    out = io.BytesIO()
    code.save(
        out, kind="svg", scale=MODULE_PX, dark="#000", light="#fff", title=title, xmldecl=False, svgns=True,
        svgclass="rx-qr", lineclass=None, omitsize=False, nl=False,
    )  # fmt: skip
    return out.getvalue().decode().replace("<svg ", '<svg role="img" ', 1)
