"""One widget for each field of a specification, built from the field table."""

from collections.abc import Collection
from typing import Any

import streamlit as st

from app import explained, spec_file, state
from app.figures.palette import SLOT_COLOURS
from app.slots import SLOT_NAMES, Slot
from app.text import Words
from app.text.naming import said
from resnet_core.fields import SpecField, to_text
from resnet_core.presets import presets
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS

FEW = 3  # up to so many choices stand side by side; more go into a list,
SIDE_BY_SIDE = 24  # and so do longer ones: letters, all labels together
PLACES = ("toggle", "main", "more")  # of a network's fields, from the most prominent one


def network_card(slot: Slot, words: Words, *, inside: bool = False) -> None:
    """The controls of one network: preset, the three toggles of the subject, and everything else folded away.

    ``inside`` a popover, which has no room for another, the rest unfolds below the toggles.
    """
    spec = state.experiment().network(slot).spec
    with st.container(border=True, key=f"card-{slot}"):
        first, second = st.columns([5, 4], vertical_alignment="bottom")
        with first:
            _preset_box(slot, words)
        with second.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall"):
            with st.container():
                _field(slot, ARCH_FIELDS["skip"], spec.skip, words, idle=spec.idle("skip"))
            if not inside:
                explained.show(slot, lambda: _meanings(slot, words), words)
        toggles = [field for field in ARCH_FIELDS.values() if field.place == "toggle" and field.name != "skip"]
        places = st.columns([1, 1] if inside else [3, 3, 2], vertical_alignment="bottom")
        for place, field in zip(places, toggles, strict=False):
            with place:
                _field(slot, field, getattr(spec, field.name), words)
        with st.container():  # there even when empty, so that nothing below changes its place
            _refusals(slot, words)
        with st.container() if inside else places[-1]:
            _more(slot, words, inside=inside)
        if inside:
            explained.show(slot, lambda: _meanings(slot, words), words, inside=True)


def _meanings(slot: Slot, words: Words) -> list[explained.Meaning]:
    """What is told of a card: the preset, then each field as it stands there, those that are folded away last."""
    preset = words("A named network of the papers or of torchvision. Everything else starts from it.")
    spec = state.experiment().network(slot).spec
    fields = [field for place in PLACES for field in ARCH_FIELDS.values() if field.place == place]
    rows = [explained.meaning(field, spec, words) for field in fields]
    return [explained.Meaning(words("Network {slot}", slot=SLOT_NAMES[slot]), preset), *rows]


def _preset_box(slot: Slot, words: Words) -> None:
    # A changed network is an entry of its own, so that its preset can be chosen again to go back to it.
    current = state.experiment().network(slot).title
    names = list(presets())
    options = names if current in names else [current, *names]
    labels = {label: _preset_label(slot, label, words) for label in options}
    key = state.prime(f"{slot}.preset", current)
    st.selectbox(
        words("Network {slot}", slot=SLOT_NAMES[slot]),
        options,
        options.index(current),
        key=key,
        format_func=labels.__getitem__,
        on_change=state.change_preset,
        args=(slot, key),
    )


def _preset_label(slot: Slot, label: str, words: Words) -> str:
    """A network in the list. One that came to what another preset is says so: two labels alike would be one entry."""
    if label in presets():
        return presets()[label].title
    text = said(label, words)
    if text in {row.title for row in presets().values()}:
        base = presets()[state.experiment().network(slot).base].title
        return words("{name} (from {base})", name=text, base=base)
    return text


def _more(slot: Slot, words: Words, *, inside: bool) -> None:
    spec = state.experiment().network(slot).spec
    title, key = words("Depth, width ..."), f"{slot}.more"
    with (
        st.expander(title, key=key, on_change="rerun") if inside
        else st.popover(title, width="stretch", key=key, on_change="rerun")
    ) as more:  # fmt: skip
        if not more.open:
            return  # hidden widgets cost time at every toggle
        other: Slot = "b" if slot == "a" else "a"
        st.button(
            words("Make {slot} the same as {other}", slot=SLOT_NAMES[slot], other=SLOT_NAMES[other]),
            on_click=state.copy_network, args=(other, slot), key=f"{slot}.copy", width="stretch",
        )  # fmt: skip
        for place in PLACES[1:]:
            columns = st.columns(2)
            fields = [field for field in ARCH_FIELDS.values() if field.place == place]
            for number, field in enumerate(fields):
                with columns[number % 2]:
                    idle = spec.idle(field.name)
                    mendable = bool(idle) and not spec.with_(**{field.name: field.default}).idle(field.name)
                    _field(slot, field, getattr(spec, field.name), words, idle=idle, mendable=mendable)
                    _refusal(slot, field.name, words)
        spec_file.show(slot, words)


def train_field(name: str, value: Any, words: Words, offered: Collection[str] = ()) -> None:
    """The widget of one field of the training recipe, with what was refused there.

    ``offered``: of its choices only these, and the one that is taken; all, where it is empty.
    """
    field = TRAIN_FIELDS[name]
    if offered:
        kept = {choice: title for choice, title in field.choices.items() if choice in offered or choice == value}
        field = field._replace(choices=kept)
    _field("train", field, value, words, idle=state.experiment().train.idle(name))
    _refusal("train", name, words)


def _field(owner: str, field: SpecField, value: Any, words: Words, *, idle: str = "", mendable: bool = False) -> None:
    """The widget of a field; ``idle``: why it has no effect now, upon which it keeps its value and is greyed, unless
    it is ``mendable`` by another value."""
    refused = state.refused(owner, field.name)
    if field.kind in ("wholes", "size"):
        value = refused.typed if refused else to_text(value)
    key = state.prime(f"{owner}.{field.name}", value)
    change: dict[str, Any] = {
        "key": key,
        "on_change": state.change_train if owner == "train" else state.change_field,
        "args": (field.name, key) if owner == "train" else (owner, field.name, key),
        "disabled": bool(idle) and not mendable,
    }
    title = words(field.title)
    match field.kind:
        case "switch":
            st.toggle(title, value, **change)
        case "choice" if len(field.choices) <= FEW and _short(field, words):
            st.segmented_control(
                title, list(field.choices), default=value, required=True,
                format_func=lambda choice: words(field.choices[choice]), width="stretch", **change,
            )  # fmt: skip
        case "choice":
            names = list(field.choices)
            st.selectbox(
                title, names, names.index(value), format_func=lambda choice: words(field.choices[choice]), **change
            )
        # Without bounds: beyond them the browser would say so in a bubble of its own, and never ask the specification.
        case "whole" if field.suggested:
            usual = sorted({*field.suggested, value})
            st.selectbox(title, usual, usual.index(value), accept_new_options=True, filter_mode="prefix", **change)
        case "whole":
            st.number_input(title, value=value, step=1, **change)
        case "real":
            st.number_input(title, value=value, format="%g", **change)
        case "real_or_off":
            st.number_input(title, value=value, format="%g", step=0.1, placeholder=words("off"), **change)
        case "wholes" | "size":
            st.text_input(title, value, max_chars=60, placeholder="" if field.default else words("none"), **change)
    if idle:
        st.caption(words(idle))


def _short(field: SpecField, words: Words) -> bool:
    """Whether the labels of all choices fit side by side into half a card."""
    return sum(len(words(label)) for label in field.choices.values()) <= SIDE_BY_SIDE


def _refusals(slot: Slot, words: Words) -> None:
    """What was refused at a toggle of the card itself; folded fields say it in their own place."""
    for field in ARCH_FIELDS.values():
        if field.place == "toggle":
            _refusal(slot, field.name, words)


def _refusal(owner: str, name: str, words: Words) -> None:
    if refused := state.refused(owner, name):
        st.error(words.refusal(refused.refusal))


def coloured_name(slot: Slot) -> str:
    """The slot's letter in its colour, as HTML."""
    return f'<b style="color:{SLOT_COLOURS[slot]}">{SLOT_NAMES[slot]}</b>'


def option_field(study: str, field: SpecField, value: Any, words: Words, offered: Collection[str] = ()) -> None:
    """The widget of one option of a study, with what was refused there. ``offered``: as in :func:`train_field`."""
    if offered:
        kept = {choice: title for choice, title in field.choices.items() if choice in offered or choice == value}
        field = field._replace(choices=kept)
    _field(study, field, value, words, idle=state.experiment().options(study).idle(field.name))
    _refusal(study, field.name, words)
