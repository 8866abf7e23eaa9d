"""What the fields of a card mean: told in one place beside them.

Streamlit puts a widget's own ``help`` into its label, where a click on it works the widget (a switch is flipped), and
where a touch screen and a keyboard hardly reach it. A popover opens by all three.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import streamlit as st

from app.text import Words
from resnet_core.fields import SpecField

PAPER = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


class Meaning(NamedTuple):
    """What is told of one control, in the reader's language, with its papers."""

    title: str
    text: str


def meaning(field: SpecField, spec: Any, words: Words) -> Meaning:
    """A field's help, and the papers of its values that the help does not name by itself.

    ``spec``: the specification that the field is of; in some the paper depends on it.
    """
    text = words(field.help)
    missing = [paper for paper in _papers(field, spec) if paper not in text]
    return Meaning(words(field.title), f"{text} ({', '.join(missing)})" if missing else text)


def show(key: str, meanings: Callable[[], Iterable[Meaning]], words: Words, *, inside: bool = False) -> None:
    """A small button that tells all of it while it is open; ``inside`` a popover, which holds no other, it unfolds."""
    title, key = words("What do these mean?"), f"{key}.meaning"
    # The stylesheet leaves the sign alone to be seen; the words stay its name for those who hear the page.
    with (
        st.expander(title, key=key, on_change="rerun") if inside
        else st.popover(title, icon=":material/question_mark:", key=key, on_change="rerun")
    ) as told:  # fmt: skip
        if told.open:
            st.markdown("\n\n".join(f"**{row.title}**  \n{_linked(row.text)}" for row in meanings()))


def _papers(field: SpecField, spec: Any) -> list[str]:
    source = field.source
    if isinstance(source, Mapping):
        return list(dict.fromkeys(source.values()))
    paper = source if isinstance(source, str) else source(spec)
    return [paper] if paper else []


def _linked(text: str) -> str:
    return PAPER.sub(r"[\g<0>](https://arxiv.org/abs/\1)", text)
