"""The first two lines of the first page: what a residual network is, and what it is good for, as it was recorded."""

from collections.abc import Mapping, Sequence
from html import escape
from statistics import median

from app.figures.palette import SLOT_COLOURS
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from resnet_core.recorded import Training


def what_it_is(words: Words) -> str:
    """One sentence, for somebody who has never heard of it. HTML."""
    return words(
        "A <b>residual network</b> adds each block's input to its output: <i>H(x) = F(x) + x</i>. The arcs below are "
        "these <b>skip connections</b>."
    )


def the_point(recorded: Mapping[Slot, Sequence[Training]], equal: bool, words: Words) -> str:
    """How the recorded trainings of A and B ended; ``equal``: whether both have the same parameters and work. HTML."""
    told = ", ".join(
        f'<b style="color:{SLOT_COLOURS[slot]}">{SLOT_NAMES[slot]}</b> <b class="rx-share">{_middle(rows):.1%}</b>'
        for slot, rows in recorded.items()
    )
    first = next(iter(recorded.values()))[0]
    start = words("Same parameters, same work. ") if equal else ""
    return start + words(
        "After {epochs} epochs they name {scores} of {images} digits that they have never seen.",
        epochs=first.train["epochs"], scores=told, images=first.test_images,
    )  # fmt: skip


def not_recorded(words: Words) -> str:
    """Where one of the two has no recorded training."""
    return words("These two have no recorded race: <b>Train</b> shows in seconds which of them learns.")


def provenance(recorded: Mapping[Slot, Sequence[Training]], words: Words) -> str:
    """Where that comes from. HTML for small print."""
    first = next(iter(recorded.values()))[0]
    seeds = [str(row.seed) for row in next(iter(recorded.values()))]
    return words(
        "Recorded: median of seeds {seeds}, {device}, PyTorch {version}.",
        seeds=", ".join(seeds), device=escape(first.device_name),
        version=escape(first.versions["torch"]),
    )  # fmt: skip


def _middle(rows: Sequence[Training]) -> float:
    return median(row.test_accuracy for row in rows)
