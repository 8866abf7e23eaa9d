"""How long a training is, and its learning rate at each step. No torch here."""

import math

from resnet_core.recipe import TrainSpec
from resnet_core.train.facts import steps_per_epoch

# One cycle (Smith and Topin 2017, arXiv:1708.07120) in the form of torch's OneCycleLR with its defaults.
RISE = 0.3  # share of the training
START = 25.0  # the first learning rate is the peak divided by this
END = 1e4  # the last is the first divided by this
WARM_UP_SHARE = 0.1  # of the peak, in a constant warm-up: He et al. 2015, arXiv:1512.03385, section 4.2


def length_in_steps(how: TrainSpec) -> int:
    """How many steps the training takes; 0 where a budget of time decides."""
    if how.seconds:
        return 0
    return how.steps or how.epochs * steps_per_epoch(how.images, how.batch_size)


def progress_at(how: TrainSpec, step: int) -> float:
    """The share of the training after its warm-up that lies before ``step`` (counted from 1): 0 in the warm-up."""
    after = length_in_steps(how) - how.warmup_steps
    return max(0, step - 1 - how.warmup_steps) / after


def rate(how: TrainSpec, progress: float, step: int) -> float:
    """The learning rate of ``step`` (counted from 1), ``progress`` (0 to 1) of the training after its warm-up done.

    Nothing else is looked at: not the loss, not the clock. Warm-up: Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """
    peak = how.learning_rate
    if step <= how.warmup_steps:
        return peak * (step / how.warmup_steps if how.warmup == "linear" else WARM_UP_SHARE)
    match how.schedule:
        case "constant":
            return peak
        case "step":  # arXiv:1512.03385, section 4.2: divided by 10 at 32k and 48k of 64k steps
            return float(peak / 10 ** sum(progress >= drop / 100 for drop in how.drops))
        case "cosine":  # arXiv:1608.03983, equation 5, without restarts, down to 0
            return peak / 2 * (1 + math.cos(math.pi * progress))
        case "one_cycle":
            return _one_cycle(how, progress, step)


def _one_cycle(how: TrainSpec, progress: float, step: int) -> float:
    """Half a cosine up, half a cosine down. Where steps are counted, torch's numbers to the last bit.

    torch ends the rise one step early and reaches the end with the last step; under a budget of time nobody knows
    which step is the last one.
    """
    peak = how.learning_rate
    first = peak / START
    total = length_in_steps(how)
    if total:
        total -= how.warmup_steps
        at, top, end = float(step - 1 - how.warmup_steps), RISE * total - 1, float(total - 1)
    else:
        at, top, end = progress, RISE, 1.0
    if at <= top:
        return _between(first, peak, at / top)
    return _between(peak, first / END, (at - top) / (end - top))


def _between(start: float, end: float, share: float) -> float:
    """From ``start`` to ``end`` along half a cosine, in torch's order of operations."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
