"""The ledger and the named networks as text that other programs read. No torch here."""

import csv
import io
import json
from typing import Any

from resnet_core.cost.convention import Convention
from resnet_core.cost.ledger import FLOAT32, Ledger, Row, count
from resnet_core.cost.memory import inference_memory, training_memory
from resnet_core.presets import Preset

FLOPS = Convention(multiply_add=2)  # the default: what a total of the name "flops" counts


def row_values(row: Row) -> dict[str, Any]:
    """One operation as plain values, for one image; bytes are those of float32, shapes are ``[C, H, W]``."""
    return {
        "name": row.name,
        "kind": row.kind,
        "in_shape": list(row.layer.in_shape),
        "out_shape": list(row.layer.out_shape),
        "params": row.params,
        "macs": row.macs,
        "flops": FLOPS.of(row),
        "elements": row.elements,
        "read_bytes": row.read_bytes,
        "written_bytes": row.written_bytes,
        "saved_bytes": row.saved_bytes,
        "formula": formula(row),
    }


def formula(row: Row) -> str:
    """What the row's multiply-adds come from, or else its parameters; empty where it has neither."""
    return row.macs_formula or row.params_formula


def ledger_csv(ledger: Ledger) -> str:
    """One line for each operation under a line of names (RFC 4180); shapes are written ``64x56x56``."""
    rows = [row_values(row) for row in ledger.rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **{name: "x".join(map(str, row[name])) for name in ("in_shape", "out_shape")}})
    return text.getvalue()


def ledger_values(ledger: Ledger) -> dict[str, Any]:
    """The specification, the totals for one image, the memory of one training step on it, and the rows.

    ``activations.elements`` are the numbers that all operations put out, ``memory`` is in bytes, ``blocks_on_average``
    are those that stochastic depth leaves to a training step.
    """
    training, inference = training_memory(ledger, 1), inference_memory(ledger, 1)
    return {
        "arch": ledger.plan.spec.model_dump(mode="json"),
        "params": ledger.params,
        "macs": ledger.macs,
        "flops": ledger.flops,
        "backward_macs": ledger.backward_macs,
        "saved_bytes": ledger.saved_bytes,
        "activations": {
            "elements": sum(row.written_bytes for row in ledger.rows if row.kind != "bias") // FLOAT32,
            "saved_bytes": ledger.saved_bytes,
        },
        "memory": {
            "batch_size": 1,
            "optimizer": "momentum",
            "dtype": "float32",
            "training": training._asdict(),
            "inference": {**inference._asdict(), "peak": inference.peak},
        },
        "depth": ledger.depth,
        "receptive_field": ledger.receptive_field,
        "paths": ledger.paths,
        "blocks_on_average": ledger.blocks_on_average,
        "rows": [row_values(row) for row in ledger.rows],
    }


def ledger_json(ledger: Ledger) -> str:
    """:func:`ledger_values` as text."""
    return json.dumps(ledger_values(ledger), indent=1) + "\n"


def preset_values(row: Preset) -> dict[str, Any]:
    """A named network with its totals by formula, and what is published of it: as printed, as a number, and where."""
    ledger = count(row.spec)
    return {
        "name": row.name,
        "source": row.source,
        "params": ledger.params,
        "macs": ledger.macs,
        "depth": ledger.depth,
        "published": [{**figure._asdict(), "value": figure.value} for figure in row.published],
    }
