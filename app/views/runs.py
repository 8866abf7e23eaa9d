"""Runs: the trainings and studies that are kept, to be opened, compared, named, deleted and taken along."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from app import cache, state
from app.figures.numbers import readable
from app.figures.race import places
from app.link import MOST_RUNS
from app.slots import RACERS
from app.text import Words
from app.text.naming import said
from app.text.sentences import STATUS
from app.views import frame, kept_study, take_run, train, weights
from resnet_core.errors import N_, Refusal
from resnet_core.jobs.listing import RunSummary, runs
from resnet_core.jobs.store import HEADER, KEEP, LONGEST_TITLE, folder_of, load, rename, specs
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.studies import STUDIES

BEAT_S = 3.0
TABLE, SHOWN, REFUSED = "runs.table", "runs.shown", "runs.refused"
TABLE_HEIGHT = 520
SIGNS = re.compile(r"([\\`*_{}\[\]()#+.!|~<>$:-])")
ELSEWHERE = N_("training in another program")


def show() -> None:
    """The page. While a run is alive it looks again by itself."""
    words = state.resume()
    frame.notices(words)
    kept_study.show(words)
    found = _kept()
    st.fragment(_runs, run_every=BEAT_S if any(run.alive for run in found) else None)([found])


def _kept() -> list[RunSummary]:
    desk = cache.desk()
    return runs(desk.root, {job.id: job.status for job in desk.jobs() if not job.finished})


def _runs(first: list[list[RunSummary]]) -> None:
    """``first`` holds what the page has just found, for this fragment's first run."""
    words = state.resume()
    was_found, found = bool(first), first.pop() if first else _kept()
    if not found:
        _invitation(words)
        return
    size = sum(run.bytes for run in found)
    st.markdown(
        words(
            "Runs kept in `{folder}`: **{count}**, {size}. Beyond {most}, the oldest give way to new ones.",
            count=len(found), folder=str(cache.desk().root), size=readable(size, "B"), most=KEEP,
        )
    )  # fmt: skip
    actions = st.container(key="runs.actions")  # above the table, which is long; what is chosen is known below it
    chosen = _table(found, words)
    with actions:
        _actions(chosen, words)
        if len(chosen) == 1 and not chosen[0].alive:
            weights.show(chosen[0], words)
    if not was_found and not any(run.alive for run in found):
        state.rerun()  # the page once more, which ends the beat


def _invitation(words: Words) -> None:
    st.markdown(
        words(
            "**No training is kept here yet.** Every one that the page Train starts is kept and listed here; so is "
            "what `python -m resnet_core train cifar56 --run-dir {folder}` trains in a terminal.",
            folder=str(cache.desk().root),
        )
    )  # fmt: skip


def _table(found: list[RunSummary], words: Words) -> list[RunSummary]:
    """The list; those that are chosen in it."""
    ids = [run.id for run in found]
    _follow(ids)
    st.session_state[SHOWN] = ids
    images = TRAIN_FIELDS["data"].choices
    percent = st.column_config.NumberColumn(format="%.1f%%", width=110)
    count = st.column_config.NumberColumn(format="localized", width=90)
    moment = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", timezone=st.context.timezone)
    columns: dict[str, tuple[list[Any], Any]] = {
        words("Name"): ([said(run.name, words) for run in found], st.column_config.TextColumn(width=150)),
        words("What"): ([_kind(run, words) for run in found], st.column_config.TextColumn(width=190)),
        words("Status"): ([_status(run, words) for run in found], st.column_config.TextColumn(width=100)),
        words("Test accuracy"): ([_percent(run.test_accuracy) for run in found], percent),
        words("Best"): ([_percent(run.best_accuracy) for run in found], percent),
        words("Steps"): ([None if run.study else run.step for run in found], count),
        words("Network"): ([said(run.label, words) for run in found], st.column_config.TextColumn(width=170)),
        words("Images"): ([words(images[run.data]) if run.data in images else run.data for run in found], None),
        words("Seed"): ([run.seed for run in found], st.column_config.NumberColumn(format="%d", width=70)),
        words("Started"): ([_moment(run.started_at) for run in found], moment),
        words("Time, s"): ([run.time_s for run in found], st.column_config.NumberColumn(format="%.1f", width=90)),
        words("Size, MB"): ([run.bytes / 1e6 for run in found], st.column_config.NumberColumn(format="%.2f", width=90)),
    }
    picked = st.dataframe(
        {title: values for title, (values, _) in columns.items()}, hide_index=True, key=TABLE, on_select="rerun",
        selection_mode="multi-row", height=min(TABLE_HEIGHT, 35 * (len(found) + 1) + 3), placeholder="",
        column_config={title: config for title, (_, config) in columns.items() if config is not None},
    )  # fmt: skip
    return [found[row] for row in picked.selection.rows if row < len(found)]


def _follow(ids: list[str]) -> None:
    """The table knows its chosen rows by their number: keep the choice on the same runs where the list has changed."""
    before = st.session_state.get(SHOWN, ids)
    if before == ids or TABLE not in st.session_state:
        return
    rows = st.session_state[TABLE]["selection"]["rows"]
    chosen = {before[row] for row in rows if row < len(before)}
    kept = [row for row, run_id in enumerate(ids) if run_id in chosen]
    st.session_state[TABLE] = {"selection": {"rows": kept, "columns": [], "cells": []}}


def _kind(run: RunSummary, words: Words) -> str:
    """A training, or what was measured."""
    if not run.study:
        return words("training")
    return words(STUDIES[run.study].title) if run.study in STUDIES else run.study


def _status(run: RunSummary, words: Words) -> str:
    return words(ELSEWHERE) if run.elsewhere else words(STATUS[run.status])


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _actions(chosen: list[RunSummary], words: Words) -> None:
    """What can be done with the chosen runs; what was refused stands under it."""
    single = chosen[0] if len(chosen) == 1 else None
    obstacle = _obstacle(chosen, words)
    go, name, away, take = st.columns(4)
    label = words("Open") if len(chosen) < 2 else words("Compare {count}", count=len(chosen))
    with go:
        if st.button(label, type="primary", width="stretch", key="runs.open", disabled=not chosen or bool(obstacle)):
            _open(chosen)
    with name, _popover(words("Rename ..."), "runs.rename", single is None) as folded:
        if folded.open and single:
            _rename(single, words)
    with away, _popover(words("Delete ..."), "runs.delete", not chosen) as folded:
        if folded.open and chosen:
            _confirm(chosen, words)
    with take, _popover(words("Download ..."), "runs.take", single is None) as folded:
        if folded.open and single:
            take_run.show(single, words)
    if obstacle:
        st.caption(obstacle)
    elif not chosen:
        st.caption(words("Choose runs at the left edge of the table: one to open, name or download it, several to "
                         "compare or delete them."))  # fmt: skip
    else:
        st.caption(words("{count} chosen.", count=len(chosen)))
    for refusal in st.session_state.pop(REFUSED, []):
        st.error(words.refusal(refusal))


def _open(chosen: Sequence[RunSummary]) -> None:
    """A study here, above the table; trainings on their own page."""
    if chosen[0].study:
        state.show_study(chosen[0].id)
        state.rerun()
    state.show_run(".".join(run.id for run in chosen))
    state.turn_to(st.Page(train.show, url_path="train"))


def _popover(label: str, key: str, disabled: bool) -> Any:
    return st.popover(label, width="stretch", key=key, on_change="rerun", disabled=disabled)


def _obstacle(chosen: Sequence[RunSummary], words: Words) -> str:
    """Why these cannot be shown together; "" where they can."""
    if len(chosen) > 1 and any(run.study for run in chosen):
        return words("Studies are opened one at a time, without trainings.")
    if len(chosen) > MOST_RUNS:
        return words("At most {most} runs can be compared; {count} are chosen.", most=MOST_RUNS, count=len(chosen))
    if unreadable := [_literal(run.name) for run in chosen if not run.readable]:
        return words("Written by another version of this program or damaged, so it cannot be opened: {names}.",
                     names=", ".join(unreadable))  # fmt: skip
    folders = [folder_of(cache.desk().root, run.id) for run in chosen]
    asked = [known for folder in folders if folder and (known := specs(load(folder / HEADER) or {}))]
    count = max(places(asked), default=0) + 1
    if count > len(RACERS):
        return words("At most {most} networks can be compared; {count} are chosen. Runs that differ in their seed "
                     "alone count as one network.", most=len(RACERS), count=count)  # fmt: skip
    return ""


def _rename(run: RunSummary, words: Words) -> None:
    key = state.prime(f"runs.title.{run.id}", run.title)
    st.text_input(
        words("Name, taken with Enter"), key=key, max_chars=LONGEST_TITLE, placeholder=said(run.label, words),
        on_change=_take_name, args=(run.id, key),
    )  # fmt: skip
    st.caption(words("Without one, a run is called after its network."))


def _take_name(run_id: str, key: str) -> None:
    """Callback of the name's field."""
    try:
        rename(cache.desk().root, run_id, st.session_state[key])
    except Refusal as refusal:
        st.session_state[REFUSED] = [refusal]


def _confirm(chosen: Sequence[RunSummary], words: Words) -> None:
    """What would be deleted, by name, and what would not."""
    ended, alive = [run for run in chosen if not run.alive], [run for run in chosen if run.alive]
    if alive:
        st.warning(
            words("Still going on, so kept: {names}. Stop it before you delete it.", names=_names(alive, words))
        )  # fmt: skip
    if not ended:
        return
    size = sum(run.bytes for run in ended)
    st.markdown(
        words("With its records and its weights, {size}, this goes for good:", size=readable(size, "B"))
        + "".join(f"\n- {_names([run], words)}" for run in ended)
    )
    st.button(words("Delete {count} for good", count=len(ended)), type="primary", width="stretch",
              key="runs.delete.now", on_click=_delete, args=([run.id for run in ended],))  # fmt: skip


def _names(some: Sequence[RunSummary], words: Words) -> str:
    """Names that tell runs apart: one network is trained many times."""
    return "; ".join(f"{_literal(run.name)} ({words('seed')} {run.seed}, `{run.id}`)" for run in some)


def _literal(text: str) -> str:
    """A reader's words as they are, without the meaning that their signs have in Markdown."""
    return SIGNS.sub(r"\\\1", text)


def _delete(ids: list[str]) -> None:
    """Callback of the confirmed deletion."""
    refused = []
    for run_id in ids:
        try:
            cache.desk().delete(run_id)
        except Refusal as refusal:
            refused.append(refusal)
    st.session_state[REFUSED] = refused
