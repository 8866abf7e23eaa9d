"""The settings of a training: a named recipe, the few fields that everybody changes, and the others folded away."""

import streamlit as st

from app import cache, controls, explained, state
from app.link import MOST_SEEDS
from app.slots import RACERS, SLOT_NAMES, SLOTS
from app.text import Words
from app.views import images
from resnet_core.errors import N_
from resnet_core.fields import Place
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.recipes import recipes

GROUPS: dict[Place, str] = {
    "data": N_("Images"),
    "length": N_("Length"),
    "descent": N_("Descent"),
    "device": N_("On the device"),
}


def show(words: Words) -> None:
    """Named recipe, epochs, seed, device, and the rest in a popover."""
    train = state.experiment().train
    named, epochs, seed, device, more, others = st.columns([4, 2, 2, 3, 2, 3], vertical_alignment="bottom")
    with named:
        _named(words)
    for place, name in ((epochs, "epochs"), (seed, "seed")):
        with place:
            controls.train_field(name, getattr(train, name), words)
    with device:
        controls.train_field("device", train.device, words, offered=cache.device_names() or ("cpu",))
    with more, st.popover(words("Recipe ..."), width="stretch", key="train.more", on_change="rerun") as folded:
        if folded.open:  # hidden widgets cost time at every change
            _rest(words)
    with others.container(horizontal=True, wrap=False, gap="xsmall"):
        _networks(words)
        explained.show("train", lambda: _meanings(words), words)


def _meanings(words: Words) -> list[explained.Meaning]:
    """What is told of the settings: the named recipe, then every field, those that are folded away last."""
    train = state.experiment().train
    named = words("A named recipe sets all fields but the seed. Everything else starts from it.")
    fields = [field for place in ("main", *GROUPS) for field in TRAIN_FIELDS.values() if field.place == place]
    rows = [explained.meaning(field, train, words) for field in fields]
    return [explained.Meaning(words("Recipe"), named), *rows]


def _named(words: Words) -> None:
    """The named recipes, and an entry of their own for other settings."""
    train = state.experiment().train
    names = list(recipes())
    own = words("own settings")
    current = next((name for name, row in recipes().items() if row.spec.with_(seed=train.seed) == train), own)
    options = names if current in names else [own, *names]
    key = state.prime("train.recipe", current)
    st.selectbox(
        words("Recipe"), options, options.index(current), key=key,
        format_func=lambda name: words(recipes()[name].title) if name in names else name,
        on_change=state.change_recipe, args=(key,),
    )  # fmt: skip


def _rest(words: Words) -> None:
    for group, title in GROUPS.items():
        st.markdown(f"**{words(title)}**")
        columns = st.columns(2)
        fields = [field for field in TRAIN_FIELDS.values() if field.place == group]
        for number, field in enumerate(fields):
            with columns[number % 2]:
                controls.train_field(field.name, getattr(state.experiment().train, field.name), words)
        if group == "data" and state.experiment().train.data == "own":
            images.own(words)


def _networks(words: Words) -> None:
    """C and D, and the seeds: folded away, for A against B is where everybody starts."""
    with st.popover(words("Networks ..."), width="stretch", key="train.networks", on_change="rerun") as folded:
        if not folded.open:
            return
        _seeds(words)
        for slot in RACERS:
            if slot in SLOTS:
                continue
            name = SLOT_NAMES[slot]
            if slot in state.experiment().racers:
                controls.network_card(slot, words, inside=True)
                st.button(words("Take {slot} out", slot=name), width="stretch", key=f"{slot}.remove",
                          on_click=state.remove_network, args=(slot,))  # fmt: skip
            else:
                st.button(words("Add network {slot}", slot=name), width="stretch", key=f"{slot}.add",
                          on_click=state.add_network, args=(slot,))  # fmt: skip


def _seeds(words: Words) -> None:
    """From how many seeds each network is trained."""
    seeds = state.experiment().seeds
    key = state.prime("train.seeds", seeds)
    st.segmented_control(
        words("Seeds for each network"), range(1, MOST_SEEDS + 1), default=seeds, required=True, key=key,
        on_change=state.change_seeds, args=(key,),
    )  # fmt: skip
    st.caption(
        words("One seed can be luck. With several, the result is their median and range, and a tie is called so.")
    )
