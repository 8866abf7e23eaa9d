"""What the networks of a race answer to single test images, and what they confuse in the end."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import cache
from app.components.plot import plot
from app.components.race import RaceLink
from app.components.samples import live_samples
from app.figures.confusion import matrix, pairs
from app.figures.palette import SLOT_COLOURS
from app.figures.race import Racer
from app.slots import SLOT_NAMES
from app.text import Words
from app.text.naming import said
from resnet_core.recipe import DataChoice
from resnet_core.train.facts import facts_if_kept
from resnet_core.train.records import Answers
from resnet_core.train.samples import MATRIX
from resnet_core.train.sets import ready

IMAGES_S = 1.0  # that the page waits for the images, which are mostly there
MATRIX_HEIGHT = 340


def look_ahead(images: DataChoice) -> None:
    """Have the images taken out of their data set before a race needs the processor."""
    if ready(images):
        cache.samples(images)


def show(race: Sequence[Racer], link: RaceLink, words: Words) -> None:
    """The images with the answers of each network at the step on show; nothing where no class is known by name."""
    shown, classes = _shown(race), _classes(race, words)
    untold = all(run.finished for one in race for run in one.runs) and not any(map(_last, race))  # an earlier version's
    if not shown or not classes or untold:
        return
    rows = [{"name": SLOT_NAMES[one.slot], "colour": SLOT_COLOURS[one.slot], "ids": one.ids} for one in race]
    live_samples({**shown, "labels": [classes[label] for label in shown["labels"]]}, rows, classes, link, words)


def confusions(race: Sequence[Racer], words: Words) -> None:
    """At the end, folded: what each network took for what, over all test images."""
    classes = _classes(race, words)
    found = [(one, answers) for one in race if (answers := _last(one))]
    if not found or not classes:
        return
    with st.expander(words("What was taken for what, over all test images")):
        for place, (one, answers) in zip(st.columns(min(2, len(found))) * 2, found, strict=False):
            with place:
                st.markdown(f"**{SLOT_NAMES[one.slot]} · {said(one.name, words)}**")
                if len(classes) > MATRIX:
                    st.markdown(pairs(answers, classes, words))
                    continue
                label = words("Confusion matrix of {name}", name=SLOT_NAMES[one.slot])
                plot(
                    matrix(answers, classes, words), key=f"confusion.{one.slot}", height=MATRIX_HEIGHT, label=label,
                    words=words,
                )  # fmt: skip


def _last(racer: Racer) -> Answers | None:
    return racer.runs[0].tape.answers


def _classes(race: Sequence[Racer], words: Words) -> list[str]:
    """The names of the classes, as the run tells them or, before it has begun, its data."""
    header = next((run.header for one in race for run in one.runs if run.header), None)
    known = facts_if_kept(race[0].how.images)
    names = (header and header.classes) or (known.class_names if known else ())
    return [words(name) for name in names]


def _shown(race: Sequence[Racer]) -> dict[str, Any]:
    """The images; of data that are not here any more, their numbers and classes as the run has them."""
    images = race[0].how.images
    if facts_if_kept(images) and ready(images):
        job = cache.samples(images)
        job.wait(IMAGES_S)
        if job.records:
            found = job.records[0]
            return {
                name: getattr(found, name) for name in ("numbers", "labels", "height", "width", "channels", "pixels")
            }
    answers = next((last for one in race if (last := _last(one))), None)
    return {"numbers": answers.numbers, "labels": answers.labels} if answers else {}
