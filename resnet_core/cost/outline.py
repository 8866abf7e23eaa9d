"""The ledger folded by stage and block: alike blocks of a stage stand once, with how many they are."""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from resnet_core.cost.convention import Convention
from resnet_core.cost.ledger import Ledger, Row


class Totals(NamedTuple):
    """The sums of some rows; ``operations`` under a convention."""

    params: int
    macs: int
    operations: int
    saved_bytes: int
    read_bytes: int
    written_bytes: int

    def times(self, count: int) -> "Totals":
        """The sums of ``count`` alike groups."""
        return Totals(*(count * value for value in self))


class Blocks(NamedTuple):
    """Alike blocks in a row: the operations of one, how many there are, and what they cost together."""

    first: str
    last: str
    number: int
    rows: tuple[Row, ...]  # of the first
    totals: Totals  # of all


class Section(NamedTuple):
    """Stem, a stage, or head. ``name`` is ``stem``, ``layer1`` ... or ``head``."""

    name: str
    blocks: tuple[Blocks, ...]
    totals: Totals


def outline(ledger: Ledger, convention: Convention) -> tuple[Section, ...]:
    """The sections of a network, whose totals add up to the ledger's."""
    sections: list[Section] = []
    rows_of = groupby(ledger.rows, key=lambda row: (row.stage, row.block))
    places = [(stage, block, tuple(rows)) for (stage, block), rows in rows_of]
    for stage, group in groupby(places, key=lambda place: place[0]):
        folded = tuple(_fold(list(group), convention))
        name = f"layer{stage}" if stage else "head" if sections else "stem"
        sections.append(Section(name, folded, _sum(blocks.totals for blocks in folded)))
    return tuple(sections)


def totals(rows: Iterable[Row], convention: Convention) -> Totals:
    """The sums of some rows."""
    return _sum(
        Totals(row.params, row.macs, convention.of(row), row.saved_bytes, row.read_bytes, row.written_bytes)
        for row in rows
    )


def _fold(places: list[tuple[int, int, tuple[Row, ...]]], convention: Convention) -> Iterable[Blocks]:
    for _, alike in groupby(places, key=lambda place: [(row.kind, row.layer.form, *row[5:]) for row in place[2]]):
        blocks = list(alike)
        names = [f"layer{stage}.{block - 1}" if stage else "" for stage, block, _ in blocks]
        rows = blocks[0][2]
        yield Blocks(names[0], names[-1], len(blocks), rows, totals(rows, convention).times(len(blocks)))


def _sum(parts: Iterable[Totals]) -> Totals:
    return Totals(*(sum(column) for column in zip(*parts, strict=True)))
