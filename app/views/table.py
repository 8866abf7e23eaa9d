"""The ledger, layer by layer, with each formula filled in."""

from typing import Any

import streamlit as st

from app.slots import SLOT_NAMES, SLOTS, Slot
from app.text import Words
from resnet_core.cost.ledger import Ledger, Row
from resnet_core.errors import N_

NUMBERS = (N_("parameters"), N_("multiply-adds"), N_("saved bytes"))


def show(ledgers: dict[Slot, Ledger], words: Words) -> None:
    """The table, folded away; it is made only while it is open."""
    with st.expander(words("Every layer with its formula"), key="table", on_change="rerun") as folded:
        if not folded.open:
            return
        slot = st.segmented_control(
            words("Network"), list(SLOTS), key="table.slot", default="a", required=True,
            format_func=SLOT_NAMES.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        ledger = ledgers[slot]
        grouped = st.column_config.NumberColumn(format="localized")
        st.dataframe(
            _columns(ledger, words), height=420, hide_index=True, key="table.rows",
            column_config={words(name): grouped for name in NUMBERS},
        )  # fmt: skip
        st.caption(
            words(
                "{layers} layers. The rows add up to {params} parameters, {macs} multiply-adds and {saved} bytes of "
                "saved activations (one image, float32).",
                layers=len(ledger.rows), params=f"{ledger.params:,}", macs=f"{ledger.macs:,}",
                saved=f"{ledger.saved_bytes:,}",
            )
        )  # fmt: skip


def _columns(ledger: Ledger, words: Words) -> dict[str, list[Any]]:
    def column(value: Any) -> list[Any]:
        return [value(row) for row in ledger.rows]

    return {
        words("layer"): column(lambda row: row.name),
        words("operator"): column(_operator),
        words("input"): column(lambda row: "×".join(map(str, row.layer.in_shape))),
        words("output"): column(lambda row: "×".join(map(str, row.layer.out_shape))),
        words("parameters, formula"): column(lambda row: row.params_formula),
        words(NUMBERS[0]): column(lambda row: row.params),
        words("multiply-adds, formula"): column(lambda row: row.macs_formula),
        words(NUMBERS[1]): column(lambda row: row.macs),
        words(NUMBERS[2]): column(lambda row: row.saved_bytes),
    }


def _operator(row: Row) -> str:
    layer = row.layer
    if layer.op != "conv":
        return layer.op
    stride = f" /{layer.stride}" if layer.stride > 1 else ""
    return f"conv {layer.kernel}×{layer.kernel}{stride}" + (f" g={layer.groups}" if layer.groups > 1 else "")
