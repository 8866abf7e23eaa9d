"""What a study's figure is made of. Records in, parts out: a page, a kept file and a test draw the same parts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from app.slots import Slot

Records = Mapping[Slot, Sequence[Any]]
Names = Mapping[Slot, str]


class Chart(NamedTuple):
    """A Plotly figure. ``label`` is what a screen reader says; ``height`` in pixels."""

    figure: Mapping[str, Any]
    label: str
    height: int


class Text(NamedTuple):
    """A paragraph of Markdown."""

    markdown: str


class Html(NamedTuple):
    """HTML of our own making, in which every word of others has been escaped."""

    markup: str


class Listing(NamedTuple):
    """Another program's own text, folded away under a title."""

    title: str
    text: str
    file_name: str


class File(NamedTuple):
    """A file to take along."""

    title: str
    content: bytes
    file_name: str
    mime: str


Part = Chart | Text | Html | Listing | File
Drawing = Callable[..., list[Part]]  # records, names, words; by name, the study's options that choose what is drawn


def source(text: str) -> Html:
    """Where numbers come from, in small print. ``text`` may hold HTML; what others wrote in it is escaped."""
    return Html(f'<div class="rx-source">{text}</div>')
