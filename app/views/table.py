"""The ledger: what counts as an operation, and every layer with its formula."""

from typing import Any

import streamlit as st

from app.components.drawing import drawing
from app.figures.ledger import folding_ledger
from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from app.text.operators import layer_name
from resnet_core.cost.convention import CLASSES, Convention
from resnet_core.cost.ledger import Ledger
from resnet_core.errors import N_

NUMBERS = (N_("parameters"), N_("multiply-adds"), N_("saved bytes"))
UNITS = {1: "MACs", 2: "FLOPs"}  # what a multiply-add counts for


def show(ledgers: dict[Slot, Ledger], words: Words) -> None:
    """The section, folded away; it is made only while it is open."""
    with st.expander(words("Every layer with its formula"), key="table", on_change="rerun") as folded:
        if not folded.open:
            return
        which, unit, classes = st.columns([1, 1, 4])
        with which:
            slot = st.segmented_control(
                words("Network"), list(SLOTS), key="table.slot", default="a", required=True,
                format_func=SLOT_NAMES.__getitem__,
            )  # fmt: skip
        with unit:
            multiply_add = st.segmented_control(
                words("Count in"), list(UNITS), key="table.unit", default=1, required=True,
                format_func=UNITS.__getitem__,
            )  # fmt: skip
        with classes:
            counted = st.pills(
                words("What counts as an operation"), CLASSES, key="table.classes", default=["weights"],
                selection_mode="multi", format_func=lambda name: words(CLASSES[name].title),
            )  # fmt: skip
        ledger, convention = (
            ledgers[slot],
            Convention(multiply_add, frozenset(name for name in CLASSES if name in counted)),
        )
        st.markdown(_meaning(ledger, convention, words))
        drawing(folding_ledger(ledger, convention, words, slot), key="table.outline")
        st.caption(
            words(
                "Read and written: bytes of one image through the network in float32, each tensor once. Saved: kept "
                "for the backward pass, in the row of the first operation that needs it again."
            )
        )
        if st.toggle(words("All rows in one flat table"), key="table.flat"):
            _flat(ledger, words)


def _meaning(ledger: Ledger, convention: Convention, words: Words) -> str:
    """The total, and what it says under the chosen convention."""
    unit = UNITS[convention.multiply_add] if convention.classes == {"weights"} else words("operations")
    each = words("multiply-adds, each as one") if convention.multiply_add == 1 else words("multiply-adds, each as two")
    rules = [
        f"{words(facts.title)} ({each if name == 'weights' else words(facts.rule)})"
        for name, facts in CLASSES.items()
        if name in convention.classes
    ]
    if not rules:
        return words("Nothing is chosen, so nothing is counted.")
    return words("**{total} {unit}** for one image: {rules}.", total=f"{convention.total(ledger):,}", unit=unit,
                 rules="; ".join(rules))  # fmt: skip


def _flat(ledger: Ledger, words: Words) -> None:
    grouped = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        _columns(ledger, words), height=420, hide_index=True, key="table.rows",
        column_config={words(name): grouped for name in NUMBERS},
    )  # fmt: skip
    st.caption(
        words(
            "{rows} rows. They add up to {params} parameters, {macs} multiply-adds and {saved} bytes of saved "
            "activations (one image, float32).",
            rows=len(ledger.rows), params=f"{ledger.params:,}", macs=f"{ledger.macs:,}",
            saved=f"{ledger.saved_bytes:,}",
        )
    )  # fmt: skip


def _columns(ledger: Ledger, words: Words) -> dict[str, list[Any]]:
    def column(value: Any) -> list[Any]:
        return [value(row) for row in ledger.rows]

    return {
        words("layer"): column(lambda row: row.name),
        words("operator"): column(lambda row: layer_name(row.layer, words, kind=row.kind)),
        words("input"): column(lambda row: "×".join(map(str, row.layer.in_shape))),
        words("output"): column(lambda row: "×".join(map(str, row.layer.out_shape))),
        words("parameters, formula"): column(lambda row: row.params_formula),
        words(NUMBERS[0]): column(lambda row: row.params),
        words("multiply-adds, formula"): column(lambda row: row.macs_formula),
        words(NUMBERS[1]): column(lambda row: row.macs),
        words(NUMBERS[2]): column(lambda row: row.saved_bytes),
    }
