"""Other counters, told in their own words, agree with the formula once their conventions are taken off."""

import pytest

from resnet_core import ArchSpec, Refusal, count, preset
from resnet_core.cost.witnesses import TOOLS, ask
from resnet_core.records import from_json, to_json

SMALL = ArchSpec(stages=(1, 1, 1), width=4)
NETWORKS = {
    "small": SMALL,
    "plain": SMALL.with_(skip=False),
    "cifar20": preset("cifar20"),
    "resnet50": preset("resnet50"),
}
WEIGHT_LAYERS = {"conv", "linear", "Conv2d", "Linear", "aten.convolution", "aten.addmm"}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", NETWORKS)
def test_each_tool_counts_the_formula_s_multiply_adds_and_parameters(tool: str, name: str) -> None:
    ledger, told = count(NETWORKS[name]), ask(tool, NETWORKS[name])
    weights = sum(n for operator, n in told.by_operator.items() if operator in WEIGHT_LAYERS)
    if tool == "torchinfo":
        weights -= NETWORKS[name].num_classes  # it counts the addition of a bias as well
    assert weights == told.multiply_add * ledger.macs
    assert sum(told.by_operator.values()) == told.total
    assert told.params == ledger.params
    assert told.tool == tool
    assert told.version
    assert told.text.count("\n") > 5
    assert from_json(type(told), to_json(told)) == told


def test_fvcore_says_what_it_does_not_count() -> None:
    assert "aten::add" in ask("fvcore", SMALL).unsupported
    assert "aten::add" not in ask("fvcore", SMALL.with_(skip=False)).unsupported


@pytest.mark.filterwarnings("error")
def test_fvcore_prints_no_warnings(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    ask("fvcore", SMALL)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(Refusal, match=r"thop.*fvcore"):
        ask("thop", SMALL)
