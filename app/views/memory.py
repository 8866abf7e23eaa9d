"""What training and inference cost: operations forward and backward, and memory by what it holds."""

import streamlit as st

from app.figures.memory import fits_table, memory_table
from app.slots import Slot
from app.text import Words
from resnet_core.cost.ledger import Ledger
from resnet_core.cost.memory import (
    DTYPES,
    GIGA,
    MOST_GB,
    OPTIMIZERS,
    Dtype,
    Optimizer,
    fits,
    inference_memory,
    training_memory,
)

LEAST_GB = 0.1


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
        _fits(ledgers, optimizer, dtype, words)


def _fits(ledgers: dict[Slot, Ledger], optimizer: Optimizer, dtype: Dtype, words: Words) -> None:
    place, table = st.columns([2, 5], vertical_alignment="top")
    with place:
        gigabytes = st.number_input(
            words("Memory in GB"), LEAST_GB, MOST_GB, 8.0, step=1.0, format="%g", key="memory.gigabytes"
        )
    found = {slot: fits(ledger, round(gigabytes * GIGA), optimizer, dtype) for slot, ledger in ledgers.items()}
    table.html(fits_table(gigabytes, found, words))
    st.caption(
        words(
            "From the same formulas, with the optimiser and numbers chosen above; 1 GB is 10⁹ bytes. Left out: PyTorch "
            "itself (0.3 to 0.4 GB in a process without a GPU, measured on Linux), a GPU's context, workspaces of "
            "libraries, gaps between blocks of memory, images that wait."
        )
    )
