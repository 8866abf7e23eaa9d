"""What training and inference cost: operations forward and backward, and memory by what it holds."""

import streamlit as st

from app.figures.memory import memory_table
from app.slots import Slot
from app.text import Words
from resnet_core.cost.ledger import Ledger
from resnet_core.cost.memory import DTYPES, OPTIMIZERS, inference_memory, training_memory


def show(ledgers: dict[Slot, Ledger], words: Words) -> None:
    """The section, folded away; it is made only while it is open."""
    with st.expander(words("What training costs: operations and memory"), key="memory", on_change="rerun") as folded:
        if not folded.open:
            return
        batch_place, optimizer_place, dtype_place = st.columns([2, 3, 2])
        with batch_place:
            batch = st.number_input(words("Batch size"), 1, 4096, 128, key="memory.batch")
        with optimizer_place:
            optimizer = st.segmented_control(
                words("Optimiser"), list(OPTIMIZERS), key="memory.optimizer", default="momentum", required=True,
                format_func=lambda name: words(OPTIMIZERS[name]), width="stretch",
            )  # fmt: skip
        with dtype_place:
            dtype = st.segmented_control(
                words("Numbers in"), list(DTYPES), key="memory.dtype", default="float32", required=True, width="stretch"
            )
        training = {slot: training_memory(ledger, batch, optimizer, dtype) for slot, ledger in ledgers.items()}
        inference = {slot: inference_memory(ledger, batch, dtype) for slot, ledger in ledgers.items()}
        st.html(memory_table(ledgers, training, inference, words))
        st.caption(
            words(
                "From formulas. The peak is found by walking backward through the ledger, for saved activations are "
                "freed while the parameters' gradients grow; PyTorch's own workspace and libraries come on top. The "
                "first convolution needs no gradient into the image, so backward is a little less than twice forward."
            )
        )
