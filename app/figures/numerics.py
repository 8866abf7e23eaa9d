"""How fast each number format is for some networks together, as a table of HTML."""

from html import escape

from app.figures.compare import table
from app.figures.parts import Html, Names, Part, Records, Text, source
from app.text import Words
from app.text.sentences import measured_where
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.train.records import Settings


def drawing(records: Records, _names: Names, words: Words) -> list[Part]:
    """The fastest by name, and a row for each that was tried."""
    found: Settings = next(rows for rows in records.values() if rows)[-1]
    best = _title(f"{found.precision} {found.memory_format}", words)
    fastest = max(found.rates.values(), default=0.0)
    rows = [
        [escape(_title(name, words)), f"{rate:,.0f}", f"{rate / fastest:.0%}"]
        for name, rate in sorted(found.rates.items(), key=lambda row: -row[1])
    ]
    heads = [words("number format"), words("images a second"), words("of the fastest")]
    parts: list[Part] = [Text(words("Fastest for these networks together: **{format}**.", format=best))]
    if rows:
        parts.append(Html(table(map(escape, heads), rows)))
    return [*parts, source(words("Measured here: {where}.", where=measured_where(found, words)))]


def _title(name: str, words: Words) -> str:
    precision, _, memory_format = name.partition(" ")
    return f"{precision}, {words(TRAIN_FIELDS['memory_format'].choices.get(memory_format, memory_format))}"
