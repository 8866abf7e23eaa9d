"""What a hand on the stage and the buttons around it change; what widgets change stands in the state."""

from collections.abc import Sequence
from dataclasses import replace

from app import state
from app.slots import SLOTS, Slot
from resnet_core.spec import ArchSpec


def cut_shortcuts(cuts: Sequence[tuple[str, int, bool]]) -> None:
    """Slot, block, and whether its shortcut is to be cut or to be back."""
    for slot in SLOTS:
        asked = {block: cut for named, block, cut in cuts if named == slot}
        if asked:
            state.forget(slot)
            state.change_network(slot, state.experiment().network(slot).recut(asked))


def open_block(number: int) -> None:
    """Show a block, counted from 1 through the network, in full; 0: the ordinary one."""
    state.become(replace(state.experiment(), block=number))


def use_weights(weights: str) -> None:
    """Measure the networks with their first weights (empty), or with those after a training (``link.TRAINED``)."""
    state.become(replace(state.experiment(), weights=weights))


def put_network(slot: Slot, spec: ArchSpec) -> None:
    """Put a network of the library into a slot, under the name of the preset that it is."""
    state.forget(slot)
    state.change_network(slot, state.experiment().network(slot).changed(spec))
