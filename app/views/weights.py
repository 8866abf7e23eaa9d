"""Measure the trained weights of a kept run: every study that can use them, by itself."""

from typing import Any

import streamlit as st

from app import cache, state
from app.asked import Ask
from app.text import Words
from app.views import study
from resnet_core.errors import Refusal
from resnet_core.fields import field_table
from resnet_core.jobs.kept import trained
from resnet_core.jobs.listing import RunSummary
from resnet_core.jobs.store import folder_of
from resnet_core.studies import STUDIES


def show(run: RunSummary, words: Words) -> None:
    """The section of a chosen training, folded away: a button for each study, on the images that the run learned."""
    folder = folder_of(cache.desk().root, run.id)
    if run.study or folder is None:
        return
    with st.expander(words("Measure its weights"), key="runs.weights", on_change="rerun") as folded:
        if not folded.open:
            return
        try:
            network, recipe = trained(folder, run.name)
        except Refusal as refusal:
            st.info(words.refusal(refusal))
            return
        asks = [
            Ask(words(one.title), {"a": network}, [one.name], _of_recipe(one.options, recipe))
            for one in STUDIES.values()
            if one.weights
        ]
        st.fragment(_section)(f"weights.{run.id}", asks)


def _section(key: str, asks: list[Ask]) -> None:
    study.section(key, asks, state.resume(), options=False)


def _of_recipe(options: type[Any], recipe: Any) -> dict[str, Any]:
    """What a study's options take from the run's recipe."""
    return {name: value for name, value in recipe.items() if name in field_table(options)}
