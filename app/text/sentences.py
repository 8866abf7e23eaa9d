"""Sentences composed from records: what a change did, where a measurement comes from."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from statistics import median
from typing import NamedTuple

from app.slots import SLOT_NAMES, Slot
from app.text.catalogue import Words
from app.text.naming import cut_blocks, ranges, said, value_label
from resnet_core.cost.ledger import Ledger
from resnet_core.errors import N_
from resnet_core.jobs.store import Status
from resnet_core.probe.gradients import Measure
from resnet_core.records import Provenance
from resnet_core.spec import ARCH_FIELDS, ArchSpec

STATUS: dict[Status, str] = {
    "waiting": N_("waiting for a free place"),
    "running": N_("training"),
    "paused": N_("paused"),
    "stopping": N_("stopping"),
    "done": N_("finished"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
    "lost": N_("interrupted"),
}


def what_happened(slot: str, before: Ledger, after: Ledger, words: Words) -> str:
    """The last change in one line: the fields that changed, then each total that this has changed."""
    fields = before.plan.spec.differences(after.plan.spec)
    changes = ", ".join(
        f"{words(ARCH_FIELDS[name].title)}: {ranges(new) if name == 'cut' and new else value_label(name, new, words)}"
        for name, (_, new) in fields.items()
    )
    effects = [
        _effect(words("parameters"), before.params, after.params, words),
        _effect(words("multiply-adds"), before.macs, after.macs, words),
        _effect(words("weight layers"), before.depth, after.depth, words),
    ]
    blocks = len(after.plan.units)
    if after.blocks_on_average < blocks:  # stochastic depth, arXiv:1603.09382
        effects.append(
            words(
                "{average} of {blocks} blocks take part in a training step on average",
                average=f"{after.blocks_on_average:.4g}", blocks=blocks,
            )
        )  # fmt: skip
    told = ", ".join(effect for effect in effects if effect) or words("parameters and multiply-adds stay the same")
    return f"{slot} · {changes} → {told}."


def _effect(noun: str, before: int, after: int, words: Words) -> str:
    if before == after:
        return ""
    change = f"+{after - before:,}" if after > before else f"−{before - after:,}"
    return words("{noun} {change} to {count}", noun=noun, change=change, count=f"{after:,}")


def without_effect(spec: ArchSpec, words: Words) -> str:
    """Which blocks of the list of cut ones the network does not have; empty where it has all, or none at all, of which
    the field itself says why it has no effect."""
    there = cut_blocks(spec)
    if len(there) == len(spec.cut) or spec.idle("cut"):
        return ""
    return words(
        "The network has {blocks} blocks, so these do nothing: {beyond}.",
        blocks=sum(spec.stages), beyond=ranges(spec.cut[len(there) :]),
    )  # fmt: skip


GROWS: dict[Measure, str] = {
    "rms": N_("**{slot}**: from the last block back to the first, the gradient (root mean square) grows {factor} "
              "times."),
    "l2": N_("**{slot}**: from the last block back to the first, the norm of the gradient grows {factor} times."),
}  # fmt: skip
STAYS: dict[Measure, str] = {
    "rms": N_("**{slot}**: from the last block back to the first, the gradient (root mean square) stays the same."),
    "l2": N_("**{slot}**: from the last block back to the first, the norm of the gradient stays the same."),
}
SHRINKS: dict[Measure, str] = {
    "rms": N_("**{slot}**: from the last block back to the first, the gradient (root mean square) shrinks {factor} "
              "times."),
    "l2": N_("**{slot}**: from the last block back to the first, the norm of the gradient shrinks {factor} times."),
}  # fmt: skip


def gradient_reading(norms: Mapping[Slot, Sequence[float]], words: Words, measure: Measure = "rms") -> str:
    """What the gradient does on its way from the last block back to the first, in a line for each network.

    ``norms`` are its sizes in that measure, one a block.
    """
    lines = []
    for slot, values in norms.items():
        first, last = values[0], values[-1]
        if not (first > 0 and last > 0 and math.isfinite(first) and math.isfinite(last)):
            lines.append(words("**{slot}**: the gradient is zero or not a number somewhere.", slot=SLOT_NAMES[slot]))
        elif times(max(first, last) / min(first, last)) == times(1):
            lines.append(words(STAYS[measure], slot=SLOT_NAMES[slot]))
        elif first >= last:
            lines.append(words(GROWS[measure], slot=SLOT_NAMES[slot], factor=times(first / last)))
        else:
            lines.append(words(SHRINKS[measure], slot=SLOT_NAMES[slot], factor=times(last / first)))
    return "  \n".join(lines)


def measured_where(record: Provenance, words: Words) -> str:
    """The machine, for small print: HTML, for a record may come from anybody's file."""
    return words(
        "{device}, threads {threads}, seed {seed}, PyTorch {version}, {seconds} s",
        device=escape(record.device_name), threads=record.threads, seed=record.seed,
        version=escape(record.versions.get("torch", "?")), seconds=f"{record.time_s:.2f}",
    )  # fmt: skip


def times(ratio: float) -> str:
    """A ratio before the word times."""
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}"


def fair_race(networks: Mapping[Slot, ArchSpec], seed: int, words: Words) -> str:
    """What is the same for all that train together, and what is not."""
    same = words("Same images, same order, same schedule, seed {seed}.", seed=seed)
    first, *others = networks.values()
    names = [name for name in ARCH_FIELDS if any(name in first.differences(other) for other in others)]
    if not names:
        return same
    told = "; ".join(
        f"{words(ARCH_FIELDS[name].title)}: "
        + ", ".join(
            f"{SLOT_NAMES[slot]} {value_label(name, getattr(spec, name), words)}" for slot, spec in networks.items()
        )
        for name in names
    )
    return same + " " + words("The networks differ in: {fields}.", fields=told)


class Result(NamedTuple):
    """How one network of a race ended: its test accuracy from each seed (0 to 1), on how many images (None where they
    are not kept any more), and whether all its steps were done."""

    name: str
    accuracies: tuple[float, ...]
    images: int | None
    whole: bool


def race_result(results: Mapping[Slot, Result], words: Words) -> str:
    """How a race ended. With several seeds a network is its median and range, and a tie is called a tie."""
    tested = {slot: result for slot, result in results.items() if result.accuracies}
    if not tested or len(tested) < len(results):
        return words("Ended before every network had been tested; what was recorded stands below.")
    # Between semicolons, for a name may hold commas and parentheses.
    scores = "; ".join(
        f"{SLOT_NAMES[slot]} · {said(result.name, words)} {_score(result)}" for slot, result in tested.items()
    )
    text = words("**Test accuracy: {scores}.**", scores=scores)
    if len(tested) > 1:
        text += " " + _verdict(tested, words)
    if not all(result.whole for result in results.values()):
        text += " " + words("The training was ended early.")
    return text


def _score(result: Result) -> str:
    low, middle, high = min(result.accuracies), median(result.accuracies), max(result.accuracies)
    return f"{middle:.1%}" if len(result.accuracies) == 1 else f"{middle:.1%} [{low:.1%}–{high:.1%}]"


def _verdict(results: Mapping[Slot, Result], words: Words) -> str:
    """The best two apart, or a tie: with several seeds where their ranges overlap, with one where the gap is within two
    standard errors of a difference between two shares of so many images."""
    first, second, *_ = sorted(results, key=lambda slot: median(results[slot].accuracies), reverse=True)
    ahead, behind = results[first], results[second]
    gap = median(ahead.accuracies) - median(behind.accuracies)
    named = {"first": SLOT_NAMES[first], "second": SLOT_NAMES[second], "gap": f"{100 * gap:.1f}"}
    if min(len(ahead.accuracies), len(behind.accuracies)) > 1:
        if min(ahead.accuracies) <= max(behind.accuracies):
            return words("{first} and {second} tie: their ranges over the seeds overlap.", **named)
    elif ahead.images and behind.images and gap <= 2 * _standard_error(ahead, behind):
        return words(
            "{first} and {second} tie: {gap} points are within the chance of {images} test images.",
            **named, images=f"{ahead.images:,}",
        )  # fmt: skip
    if len(results) > 2:
        return words("{first} is ahead of {second} by {gap} points.", **named)
    return words("They are {gap} points apart.", **named)


def _standard_error(*results: Result) -> float:
    shares = [(median(result.accuracies), result.images or 1) for result in results]
    return math.sqrt(sum(share * (1 - share) / images for share, images in shares))
