"""The tables are the ledger: read back by another reader, they add up to its totals."""

import csv
import io
import json

import pytest

from resnet_core import ArchSpec, count, preset
from resnet_core.export.tables import ledger_csv, ledger_json

NETWORKS = ["resnet50", "preact164", "plain20"]


@pytest.mark.parametrize("name", NETWORKS)
def test_csv_adds_up(name: str) -> None:
    ledger = count(preset(name))
    rows = list(csv.DictReader(io.StringIO(ledger_csv(ledger), newline="")))
    assert [row["name"] for row in rows] == [row.name for row in ledger.rows]
    assert sum(int(row["params"]) for row in rows) == ledger.params
    assert sum(int(row["macs"]) for row in rows) == ledger.macs
    assert sum(int(row["flops"]) for row in rows) == ledger.flops
    assert sum(int(row["saved_bytes"]) for row in rows) == ledger.saved_bytes
    assert rows[0]["in_shape"] == "x".join(map(str, ledger.rows[0].layer.in_shape))
    assert rows[0]["formula"] == ledger.rows[0].macs_formula


@pytest.mark.parametrize("name", NETWORKS)
def test_json_adds_up_and_holds_the_specification(name: str) -> None:
    ledger = count(preset(name))
    told = json.loads(ledger_json(ledger))
    for total in ("params", "macs", "flops", "saved_bytes"):
        assert told[total] == sum(row[total] for row in told["rows"]) == getattr(ledger, total)
    assert (told["flops"], told["depth"], told["paths"]) == (2 * ledger.macs, ledger.depth, ledger.paths)
    assert ArchSpec(**told["arch"]) == preset(name)
