"""Whose images are learned: a visitor's own, and those that must be fetched first."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import streamlit as st

from app import cache, state
from app.text import Words
from app.views import waiting
from resnet_core.jobs.job import Job
from resnet_core.recipe import TRAIN_FIELDS, DataChoice
from resnet_core.train.folder import archive_facts
from resnet_core.train.records import ArchiveFacts
from resnet_core.train.sets.entries import MAX_ZIP_BYTES
from resnet_core.train.sets.own import uploads_allowed

LOOK_S = 0.4
SHOWN_REASONS = 5
TAKEN, UPLOAD = "train.taken", "train.checking"  # in the session: the upload that is learned, and that being checked
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
    file = st.file_uploader(words("Upload a zip"), type="zip", key="train.upload")
    st.caption(
        words("A zip with a folder for each class, at most {size} MB; each image is checked, scaled to "
              "{side}×{side} pixels and kept on this server.", size=MAX_ZIP_BYTES // 10**6, side=train.side)
    )  # fmt: skip
    if file is not None and st.session_state.get(TAKEN) != (file.file_id, train.side):
        upload = _uploaded(file, train.side)
        st.fragment(_check, run_every=None if upload.job.finished else LOOK_S)(upload)
    elif facts := archive_facts(train.archive):
        _tell(facts, words)


@dataclass
class Upload:
    """A visitor's archive while a child checks it: reading images is no work for the page's process.

    ``key`` tells one upload, at one side, from the next. The file is there as long as the session knows of it.
    """

    key: tuple[str, int]
    file: IO[bytes]
    side: int
    job: Job

    def again(self) -> None:
        """Check it once more."""
        self.job = _begin(self.file, self.side)


def _uploaded(file: Any, side: int) -> Upload:
    key, known = (file.file_id, side), st.session_state.get(UPLOAD)
    if isinstance(known, Upload) and known.key == key:
        return known
    if isinstance(known, Upload):
        known.job.stop()
    kept = tempfile.NamedTemporaryFile(suffix=".zip")  # noqa: SIM115 - it goes with the session's last word of it
    kept.write(file.getvalue())
    kept.flush()
    st.session_state[UPLOAD] = upload = Upload(key, kept, side, _begin(kept, side))
    return upload


def _begin(file: IO[bytes], side: int) -> Job:
    return cache.desk().submit("accept", str(Path(file.name)), side)


def _check(upload: Upload) -> None:
    """How far the check is; what is kept is learned from now on."""
    words, job = state.resume(), upload.job
    if not job.finished:
        waiting.bar("train.upload", [job], words, job.stop)
        return
    if job.status != "done":
        st.error(waiting.reason(job, words))
        st.button(words("Try again"), key="train.upload.retry", on_click=upload.again)
        return
    st.session_state[TAKEN] = upload.key
    st.session_state.pop(UPLOAD, None)
    state.use_archive(job.records[-1].archive)
    state.rerun()


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
        st.error(waiting.reason(job, words))
        again, leave = st.columns(2)
        again.button(words("Try again"), key="train.fetch.retry", width="stretch", on_click=_retry, args=(images,))
        leave.button(words("Leave it"), key="train.fetch.leave", width="stretch", on_click=_leave)
        return
    waiting.bar("train.fetch", [job], words, lambda: _stop(job))


def _retry(images: DataChoice) -> None:
    st.session_state[FETCH] = cache.fetch(images)


def _stop(job: Job) -> None:
    """Callback: what has arrived is kept for the next time."""
    job.stop()
    _leave()


def _leave() -> None:
    st.session_state.pop("train.waiting", None)
    st.session_state.pop(FETCH, None)
