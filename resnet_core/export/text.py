"""Lines of source text."""

from collections.abc import Iterable
from textwrap import fill

WIDTH = 100  # columns of the exported source
QUOTES = '"""'


def indent(lines: Iterable[str], depth: int) -> list[str]:
    """Each line ``depth`` levels further in; an empty line stays empty."""
    return ["    " * depth + line if line else "" for line in lines]


def paragraph(text: str, depth: int = 0) -> str:
    """Sentences for a docstring at ``depth`` levels, broken into lines that leave room for its quotes."""
    margin = "    " * depth
    broken_text = fill(
        text, WIDTH - len(QUOTES), initial_indent=margin + QUOTES, subsequent_indent=margin, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return broken_text.removeprefix(margin + QUOTES)


def broken(lines: Iterable[str]) -> list[str]:
    """Each line that is too long broken at its outermost brackets, as formatters do: what they hold on a line of its
    own, or on a line for each argument."""
    whole = []
    for line in lines:
        head, bracket, rest = line.partition("(")
        if len(line) <= WIDTH or not bracket or QUOTES in line:
            whole.append(line)
            continue
        inner, closing, tail = rest.rpartition(")")
        margin = line[: len(line) - len(line.lstrip())]
        held = [f"{margin}    {inner}"]
        if len(held[0]) > WIDTH:
            held = broken(f"{margin}    {argument}," for argument in _arguments(inner))
        whole += [f"{head}(", *held, f"{margin}{closing}{tail}"]
    return whole


def _arguments(text: str) -> list[str]:
    """The parts of a list between its commas, those within brackets left alone."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
