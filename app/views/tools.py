"""What other counting tools say of a network, on demand and in the background, closed against the formula."""

import streamlit as st

from app import cache, state
from app.figures.reconcile import reconciliation
from app.link import Network
from app.slots import SLOT_NAMES, SLOTS, Slot
from resnet_core.cost.ledger import count
from resnet_core.cost.reconcile import RULES, reconcile
from resnet_core.jobs.job import Job

BEAT_S = 0.3


@st.fragment
def show() -> None:
    """The section: a button for a network, then each tool's total beside the formula's, and its own table."""
    words = state.resume()
    st.subheader(words("What the counting tools say"))
    st.markdown(
        words(
            "Tools that count one network disagree because they count different things. Ask them, and see "
            "each "
            "total taken apart."
        )
    )
    asked: tuple[Slot, Network] | None = st.session_state.get("tools.asked")
    for slot, place in zip(SLOTS, st.columns(2), strict=True):
        title = words("Count {slot} with fvcore, torchinfo and torch", slot=SLOT_NAMES[slot])
        place.button(title, key=f"tools.{slot}", width="stretch", on_click=_ask, args=(slot,))
    if asked:
        jobs = {name: cache.tool(asked[1].spec, name) for name in RULES}
        waiting = not all(job.finished for job in jobs.values())
        st.fragment(_answers, run_every=BEAT_S if waiting else None)(*asked, jobs, waiting)


def _ask(slot: Slot) -> None:
    # The network as it is now: a later change must not turn one network's answer into another's.
    st.session_state["tools.asked"] = slot, state.experiment().network(slot)


def _answers(slot: Slot, network: Network, jobs: dict[str, Job], waiting: bool) -> None:
    words = state.resume()
    ledger = count(network.spec)
    answers = {name: job.records[-1] for name, job in jobs.items() if job.records}
    st.markdown(words("**{slot} · {name}.** The formula: {macs} multiply-adds.",
                      slot=SLOT_NAMES[slot], name=network.title, macs=f"{ledger.macs:,}"))  # fmt: skip
    if answers:
        st.html(reconciliation([reconcile(ledger, told) for told in answers.values()], words))
    for name, job in jobs.items():
        if name in answers:
            with st.expander(words("{tool} {version}: its own table", tool=name, version=answers[name].version)):
                st.code(answers[name].text, language=None, wrap_lines=False, height=400)
        elif job.finished:
            cache.forget_tool(network.spec, name)
            st.error(f"{name}: {words.refusal(job.error) if job.error else words('stopped')}")
        else:
            st.caption(words("{tool} is counting in a process of its own ...", tool=name))
    if waiting and all(job.finished for job in jobs.values()):
        st.rerun()  # the section once more, which ends the beat
