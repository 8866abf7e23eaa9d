"""Whose images are learned: a visitor's own, and those that must be fetched first."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app import cache, state
from app.text import Words
from resnet_core.errors import N_, Refusal
from resnet_core.jobs.job import Job
from resnet_core.recipe import TRAIN_FIELDS, DataChoice
from resnet_core.train.folder import archive_facts
from resnet_core.train.records import ArchiveFacts
from resnet_core.train.sets.entries import MAX_ZIP_BYTES
from resnet_core.train.sets.own import uploads_allowed

PATIENCE_S = 120.0  # for the check of an archive
LOOK_S = 0.4
SHOWN_REASONS = 5
FETCH = "train.fetch"  # in the session: the job that brings the images of "train.waiting"


def title(images: DataChoice, words: Words) -> str:
    """The data set by its name in the list."""
    return words(TRAIN_FIELDS["data"].choices[images.name])


def own(words: Words) -> None:
    """Take a zip, and tell what of it is kept."""
    train = state.experiment().train
    if not uploads_allowed():
        st.info(words("This server takes no uploads."))
        return
    file = st.file_uploader(
        words("Upload a zip"), type="zip", key="train.upload",
        help=words("A zip with a folder for each class, at most {size} MB; each image is checked, scaled to "
                   "{side}×{side} pixels and kept on this server.", size=MAX_ZIP_BYTES // 10**6, side=train.side),
    )  # fmt: skip
    if file is not None and st.session_state.get("train.taken") != (file.file_id, train.side):
        try:
            kept = _accept(file.getvalue(), train.side)
        except Refusal as refusal:
            st.error(words.refusal(refusal))
            return
        st.session_state["train.taken"] = file.file_id, train.side
        state.use_archive(kept.archive)
        state.rerun()
    if facts := archive_facts(train.archive):
        _tell(facts, words)


def _accept(content: bytes, side: int) -> ArchiveFacts:
    """Have a child check and keep the archive: reading images is no work for the page's process."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(content)
        file.flush()
        job = cache.desk().submit("accept", str(Path(file.name)), side)
        job.wait(PATIENCE_S)
        if job.error:
            raise job.error
        if not job.records:
            job.stop()
            raise Refusal(
                N_("The check of this archive took longer than {seconds} s. Try one with fewer or smaller images."),
                field="archive", seconds=f"{PATIENCE_S:.0f}",
            )  # fmt: skip
        facts: ArchiveFacts = job.records[-1]
        return facts


def _tell(facts: ArchiveFacts, words: Words) -> None:
    st.caption(
        words(
            "{train} images to learn and {test} to test in {classes} classes: {names}.",
            train=f"{facts.train:,}", test=f"{facts.test:,}", classes=len(facts.class_names),
            names=", ".join(facts.class_names[:12]) + (" ..." if len(facts.class_names) > 12 else ""),
        )
    )  # fmt: skip
    if facts.left_out:
        reasons = "; ".join(f"{name}: {words(why)}" for name, why in list(facts.reasons.items())[:SHOWN_REASONS])
        st.caption(words("{count} files were left out: {reasons}", count=facts.left_out, reasons=reasons))


def fetching(images: DataChoice, then: Callable[[], None], words: Words) -> None:
    """A bar while a published set comes, and what is to be done once it is here."""
    job: Job = st.session_state.setdefault(FETCH, None) or cache.fetch(images)
    st.session_state[FETCH] = job
    st.fragment(_bar, run_every=None if job.finished else LOOK_S)(job, images, then)
    st.caption(words("The training starts as soon as the images are here."))


def _bar(job: Job, images: DataChoice, then: Callable[[], None]) -> None:
    words = state.resume()
    if job.status == "done":
        then()
        _leave()
        state.rerun()
    if job.finished:
        st.error(words.refusal(job.error) if job.error else words("stopped"))
        again, leave = st.columns(2)
        again.button(words("Try again"), key="train.fetch.retry", width="stretch", on_click=_retry, args=(images,))
        leave.button(words("Leave it"), key="train.fetch.leave", width="stretch", on_click=_leave)
        return
    stage = job.stage
    text = words(stage.words, **stage.values) if stage else words("Fetching {data} ...", data=title(images, words))
    if stage and stage.left_s is not None:
        text += " · " + words("about {seconds} s left", seconds=f"{stage.left_s:.0f}")
    st.progress(stage.share if stage else 0.0, text=text)
    st.button(words("Stop fetching"), key="train.fetch.stop", on_click=_stop, args=(job,))


def _retry(images: DataChoice) -> None:
    st.session_state[FETCH] = cache.fetch(images)


def _stop(job: Job) -> None:
    """Callback: what has arrived is kept for the next time."""
    job.stop()
    _leave()


def _leave() -> None:
    st.session_state.pop("train.waiting", None)
    st.session_state.pop(FETCH, None)
