"""Sentences composed from records: what a change did, where a measurement comes from."""

import math
from collections.abc import Mapping, Sequence

from app.slots import SLOT_NAMES, Slot
from app.text.catalogue import Words
from resnet_core.cost.ledger import Ledger
from resnet_core.fields import to_text
from resnet_core.spec import ARCH_FIELDS


def value_label(name: str, value: object, words: Words) -> str:
    """A field's value as its widget shows it."""
    field = ARCH_FIELDS[name]
    if isinstance(value, bool):
        return words("on") if value else words("off")
    return words(field.choices[str(value)]) if field.choices else to_text(value)


def what_happened(slot: str, before: Ledger, after: Ledger, words: Words) -> str:
    """The last change in one line: the fields that changed, then what that did to every total."""
    fields = before.plan.spec.differences(after.plan.spec)
    changes = ", ".join(
        f"{words(ARCH_FIELDS[name].title)}: {value_label(name, new, words)}" for name, (_, new) in fields.items()
    )
    effects = [
        _effect(words("parameters"), before.params, after.params, words),
        _effect(words("multiply-adds"), before.macs, after.macs, words),
        _effect(words("additions"), before.additions, after.additions, words),
        _effect(words("weight layers"), before.depth, after.depth, words),
    ]
    return f"{slot} · {changes} → {', '.join(effect for effect in effects if effect)}."


def _effect(noun: str, before: int, after: int, words: Words) -> str:
    if before == after:
        return words("{noun} stay at {count}", noun=noun, count=f"{after:,}") if after else ""
    change = f"+{after - before:,}" if after > before else f"−{before - after:,}"
    return words("{noun} {change} to {count}", noun=noun, change=change, count=f"{after:,}")


def gradient_reading(norms: Mapping[Slot, Sequence[float]], words: Words) -> str:
    """What the gradient does on its way from the last block back to the first, in a line for each network."""
    lines = []
    for slot, values in norms.items():
        first, last = values[0], values[-1]
        if not (first > 0 and last > 0 and math.isfinite(first) and math.isfinite(last)):
            lines.append(words("**{slot}**: the gradient is zero or not a number somewhere.", slot=SLOT_NAMES[slot]))
        elif first >= last:
            told = words("**{slot}**: from the last block back to the first, the gradient grows {factor} times.",
                         slot=SLOT_NAMES[slot], factor=_factor(first / last))  # fmt: skip
            lines.append(told)
        else:
            told = words("**{slot}**: from the last block back to the first, the gradient shrinks {factor} times.",
                         slot=SLOT_NAMES[slot], factor=_factor(last / first))  # fmt: skip
            lines.append(told)
    return "  \n".join(lines)


def _factor(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}"


def race_result(results: Mapping[Slot, tuple[str, float | None, float]], words: Words) -> str:
    """How a race ended. ``results``: slot -> (name, test accuracy from 0 to 1, share of the steps that were done)."""
    tested = {slot: (name, accuracy) for slot, (name, accuracy, _) in results.items() if accuracy is not None}
    if len(tested) < 2:
        return words("Ended before both networks had finished an epoch; what was recorded stands below.")
    scores = ", ".join(f"{SLOT_NAMES[slot]} ({name}) {accuracy:.1%}" for slot, (name, accuracy) in tested.items())
    accuracies = [accuracy for _, accuracy in tested.values()]
    gap = max(accuracies) - min(accuracies)
    text = words("**Test accuracy: {scores}.** They are {gap} points apart.", scores=scores, gap=f"{100 * gap:.1f}")
    if any(done < 1 for _, _, done in results.values()):
        text += " " + words("The training was ended early.")
    return text
