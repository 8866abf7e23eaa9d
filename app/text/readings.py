"""What two measurements of a network say: what is left of the class on the way forward, and what of the gradient back.

With the measurement of the network as it was before a change, the sentence speaks of what the change did.
"""

import math
from collections.abc import Sequence

from app.text.catalogue import Words

SAME = 1.1  # a gradient within this factor of another is the same for a reader


def forward(
    name: str, now: Sequence[float], last: int, chance: float, before: tuple[int, float] | None, words: Words
) -> str:
    """What a linear reader finds. ``now``: the share it names, by block; ``last``: the last block above chance (0:
    none); ``before``: that and the share at the last block, as they were."""
    blocks, share, by_chance = len(now), f"{now[-1]:.0%}", f"{chance:.0%}"
    if last == blocks:
        if before and before[0] < blocks:
            return words(
                "**{name}**: the class can now be read to the last block: {share} there. Before, nothing of it could "
                "be read after block {block}.", name=name, share=share, block=before[0],
            )  # fmt: skip
        if before and abs(before[1] - now[-1]) >= 0.005:
            return words(
                "**{name}**: the class can be read to the last block: {share} there, {was} before.",
                name=name, share=share, was=f"{before[1]:.0%}",
            )  # fmt: skip
        return words(
            "**{name}**: the class can be read to the last block: {share} of test images there, {chance} by chance.",
            name=name, share=share, chance=by_chance,
        )  # fmt: skip
    if before and before[0] > last:
        return words(
            "**{name}**: now nothing of the class can be read after block {block}; before, it could to block {was}.",
            name=name, block=last, was=before[0],
        )  # fmt: skip
    return words(
        "**{name}**: after block {block} nothing of the class can be read, no more than by chance ({chance}).",
        name=name, block=last, chance=by_chance,
    )  # fmt: skip


def backward(name: str, now: Sequence[float], before: Sequence[float] | None, words: Words) -> str:
    """What the gradient does on its way back. ``now``: its root mean square at each block, from the first on."""
    first, last = now[0], now[-1]
    if not _told(first) or not _told(last):
        return words("**{name}**: the gradient is zero or not a number somewhere.", name=name)
    if before and _told(before[0]) and not 1 / SAME < first / before[0] < SAME:
        return words(
            "**{name}**: the gradient at block 1 is now {factor} times what it was.",
            name=name, factor=factor(first / before[0]),
        )  # fmt: skip
    if first >= SAME * last:
        return words(
            "**{name}**: from the last block back to the first the gradient grows {factor} times.",
            name=name, factor=factor(first / last),
        )  # fmt: skip
    if last >= SAME * first:
        return words(
            "**{name}**: from the last block back to the first the gradient shrinks {factor} times.",
            name=name, factor=factor(last / first),
        )  # fmt: skip
    return words("**{name}**: the gradient is as large at the first block as at the last.", name=name)


def factor(ratio: float) -> str:
    """A ratio with two digits, without an exponent where a reader would stumble over it."""
    if ratio >= 9.95:
        return f"{ratio:,.0f}"
    return f"{ratio:.1f}" if ratio >= 0.995 else f"{ratio:.2g}"


def _told(value: float) -> bool:
    return value > 0 and math.isfinite(value)
