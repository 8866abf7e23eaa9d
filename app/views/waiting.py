"""What is shown while jobs go on, and of one that failed: the same of every kind of job."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.text import Words
from resnet_core.jobs.job import Job


def bar(key: str, jobs: Sequence[Job], words: Words, cancel: Callable[[], None], *, narrow: bool = False) -> None:
    """How far the slowest is, how long it will take, and the way out; in a ``narrow`` place one below the other."""
    stages = [stage for job in jobs if (stage := job.stage)]
    place, out = (st, st) if narrow else st.columns([4, 1], vertical_alignment="center")
    if stages:
        slowest = min(stages, key=lambda stage: stage.share)
        text = words(slowest.words, **slowest.values)
        if slowest.left_s is not None:
            text += " · " + words("about {seconds} s left", seconds=f"{slowest.left_s:.0f}")
        place.progress(slowest.share, text=text)
    elif queued := max((job.place for job in jobs), default=0):
        place.progress(0.0, text=words("Waiting for a free place: number {place}", place=queued))
    else:
        place.progress(0.0, text=words("Begun in a process of its own ..."))
    out.button(words("Cancel"), key=f"{key}.cancel", width="stretch", on_click=cancel)


def reason(job: Job, words: Words) -> str:
    """Why a job has ended without an answer."""
    return words.refusal(job.error) if job.error else words("the measurement was stopped")
