"""The folded ledger: totals add up at every level, and unfolding gives every row back."""

from hypothesis import given
from hypothesis import strategies as st

from resnet_core import ArchSpec, count, preset
from resnet_core.cost.convention import CLASSES, Convention
from resnet_core.cost.outline import Totals, outline, totals
from tests.strategies import arch_specs

CONVENTIONS = st.builds(Convention, st.sampled_from([1, 2]), st.frozensets(st.sampled_from(sorted(CLASSES))))


def _added(parts: list[Totals]) -> Totals:
    return Totals(*map(sum, zip(*parts, strict=True)))


@given(arch_specs(), CONVENTIONS)
def test_totals_add_up_at_every_level(spec: ArchSpec, convention: Convention) -> None:
    ledger = count(spec)
    sections = outline(ledger, convention)
    assert [section.name for section in sections] == [
        "stem",
        *(f"layer{n + 1}" for n in range(len(spec.stages))),
        "head",
    ]
    whole = _added([section.totals for section in sections])
    assert whole == totals(ledger.rows, convention)
    assert (whole.params, whole.macs, whole.saved_bytes) == (ledger.params, ledger.macs, ledger.saved_bytes)
    assert whole.operations == convention.total(ledger)
    for stage, section in enumerate(sections):
        assert section.totals == _added([blocks.totals for blocks in section.blocks])
        inside = stage if section.name.startswith("layer") else 0
        own = [row for row in ledger.rows if row.stage == inside and (inside or (row.layer.part == section.name))]
        assert section.totals == totals(own, convention)
        for blocks in section.blocks:
            assert blocks.totals == totals(blocks.rows, convention).times(blocks.number)
        if inside:
            assert sum(blocks.number for blocks in section.blocks) == spec.stages[inside - 1]


def test_alike_blocks_stand_once() -> None:
    stem, one, two, three, head = outline(count(preset("cifar110")), Convention())
    assert [(blocks.first, blocks.last, blocks.number) for blocks in two.blocks] == [
        ("layer2.0", "layer2.0", 1), ("layer2.1", "layer2.17", 17),
    ]  # fmt: skip
    assert [blocks.number for blocks in one.blocks] == [18]
    assert [blocks.number for blocks in three.blocks] == [1, 17]
    assert [row.name for row in stem.blocks[0].rows] == ["conv1", "bn1", "relu"]
    assert [row.name for row in head.blocks[0].rows] == ["avgpool", "fc", "fc.bias"]


def test_blocks_that_differ_in_a_constant_alone_stand_together() -> None:
    """Stochastic depth gives each block a chance of its own, which changes no cost; a cut does."""
    first_stage = outline(count(ArchSpec(stochastic_depth=0.5)), Convention())[1]
    assert [blocks.number for blocks in first_stage.blocks] == [9]
    first_stage = outline(count(ArchSpec(cut=(4, 5))), Convention())[1]
    assert [blocks.number for blocks in first_stage.blocks] == [3, 2, 4]
