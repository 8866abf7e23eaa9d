"""The depths that the papers' networks come in, and the blocks that give them."""

from typing import Any

from resnet_core.errors import N_, Refusal
from resnet_core.fields import shorten

CONVS_IN_BLOCK = {"basic": 2, "bottleneck": 3}
MAX_BLOCKS_IN_A_STAGE = 400
IMAGENET_DEPTHS = {  # arXiv:1512.03385, Table 1
    "basic": {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)},
    "bottleneck": {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)},
}


def stages_for_depth(depth: Any, *, stem: str, block: str) -> tuple[int, ...]:
    """The blocks in each stage of the papers' network with that many weight layers.

    CIFAR: 6n+2 layers of basic blocks (2015 paper, section 4.2) or 9n+2 of bottlenecks (2016 paper), n in each of three
    stages. ImageNet: the columns of the 2015 paper's Table 1.
    """
    text = shorten(depth)
    number = int(text) if text.isdecimal() else 0
    if stem != "cifar":
        known = IMAGENET_DEPTHS.get(block, {})
        if number in known:
            return known[number]
        raise Refusal(
            N_("The ImageNet networks of {block} blocks have {depths} layers; got {got}. Other depths: list the blocks "
               "of each stage, such as 3,4,6,3."),
            field="stages", block=block, depths=", ".join(map(str, known)), got=text,
        )  # fmt: skip
    step = 3 * CONVS_IN_BLOCK.get(block, 2)
    n, rest = divmod(number - 2, step)
    if rest == 0 and 1 <= n <= MAX_BLOCKS_IN_A_STAGE:
        return (n, n, n)
    examples = "20, 56, 110" if step == 6 else "29, 56, 164"
    if rest and 1 <= n < MAX_BLOCKS_IN_A_STAGE:
        raise Refusal(
            N_("A CIFAR network of {block} blocks has {step}n+2 layers: {examples}, ...; {got} lies between {below} "
               "and {above}."),
            field="stages", block=block, step=step, examples=examples, got=text,
            below=n * step + 2, above=(n + 1) * step + 2,
        )  # fmt: skip
    raise Refusal(
        N_("A CIFAR network of {block} blocks has {step}n+2 layers, from {below} to {above}: {examples}, ...; "
           "got {got}."),
        field="stages", block=block, step=step, examples=examples, got=text,
        below=step + 2, above=MAX_BLOCKS_IN_A_STAGE * step + 2,
    )  # fmt: skip
