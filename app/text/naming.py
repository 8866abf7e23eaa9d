"""Networks as people say them: the preset that is nearest, and in words what is different in it."""

import re
from itertools import pairwise
from typing import Any

from app.text.catalogue import Words
from resnet_core.errors import N_, Refusal
from resnet_core.fields import to_text
from resnet_core.presets import Preset, presets
from resnet_core.spec import ARCH_FIELDS, ArchSpec

MOST, MOST_SHORT = 4, 1  # changes that are told one by one
NEXT_FIELD = re.compile(r", (?=[a-z_]+=)")  # in a label such as ``cifar56, stages=2,2,2, width=32``
SAID = {  # of named values, those that say by themselves what they are; the others follow their field's title
    ("skip", True): N_("with skip connections"),
    ("skip", False): N_("without skip connections"),
    ("block", "basic"): N_("basic blocks"),
    ("block", "bottleneck"): N_("bottleneck blocks"),
    ("ordering", "original"): N_("original order of activation"),
    ("norm", "none"): N_("no normalisation"),
    ("attention", "none"): N_("no channel attention"),
    ("cut", ()): N_("no shortcut cut"),
}
ALONE = ("ordering", "norm", "attention")


def named(spec: ArchSpec, words: Words, *, base: str = "", short: bool = False) -> str:
    """``ResNet-56 (CIFAR), width 32, shortcuts of blocks 3-5 cut``.

    From the preset with the fewest fields that differ and have an effect; among equals from ``base``, then from the
    first. ``short``: with one change, and how many more there are.
    """
    row = _nearest(spec, base)
    changes = [_changed(name, value, words) for name, value in _differences(row, spec).items()]
    most = MOST_SHORT if short else MOST
    if len(changes) > most:
        changes[most:] = [words("{count} more", count=len(changes) - most)]
    return ", ".join([row.title, *changes])


def said(label: str, words: Words, *, short: bool = False) -> str:
    """A network's label in words where it is one that the program made, ``cifar56, width=32``; else as it stands."""
    base, *changes = NEXT_FIELD.split(label)
    if base not in presets():
        return label
    fields = {name: f"{value}," if name == "stages" and "," not in value else value
              for name, _, value in (change.partition("=") for change in changes)}  # fmt: skip
    try:
        return named(presets()[base].spec.with_(**fields), words, base=base, short=short)
    except Refusal:
        return label


def value_label(name: str, value: object, words: Words) -> str:
    """A field's value as its widget shows it."""
    field = ARCH_FIELDS[name]
    if isinstance(value, bool):
        return words("on") if value else words("off")
    if value is None:
        return words("off")
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or words("none")
    return words(field.choices[str(value)]) if field.choices else to_text(value)


def _nearest(spec: ArchSpec, base: str) -> Preset:
    return min(presets().values(), key=lambda row: (len(_differences(row, spec)), row.name != base))


def _differences(row: Preset, spec: ArchSpec) -> dict[str, Any]:
    """The fields in which a network differs from a preset, without those that have no effect in it."""
    return {
        name: cut_blocks(spec) if name == "cut" else value
        for name, (_, value) in row.spec.differences(spec).items()
        if not spec.idle(name)
    }


def cut_blocks(spec: ArchSpec) -> tuple[int, ...]:
    """The blocks that are there and whose shortcut is cut; a list may name others, which then have no effect."""
    return tuple(block for block in spec.cut if block <= sum(spec.stages))


def _changed(name: str, value: Any, words: Words) -> str:
    if (name, value) in SAID:
        return words(SAID[name, value])
    label = value_label(name, value, words)
    match name:
        case _ if name in ALONE:
            return label
        case "cut" if len(value) == 1:
            return words("shortcut of block {block} cut", block=value[0])
        case "cut":
            return words("shortcuts of blocks {blocks} cut", blocks=ranges(value))
        case "stages":
            return words("{blocks} blocks in its stages", blocks=label)
        case "num_classes":
            return words("{count} classes", count=value)
    title = words(ARCH_FIELDS[name].title)
    title = title[:1].lower() + title[1:]
    return f"{title}: {label}" if ARCH_FIELDS[name].choices else f"{title} {label}"


def ranges(numbers: tuple[int, ...]) -> str:
    """Rising numbers with those that follow each other in one: ``3-5, 9``."""
    breaks = [0, *(at for at, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1), len(numbers)]
    runs = [numbers[start:end] for start, end in pairwise(breaks)]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
