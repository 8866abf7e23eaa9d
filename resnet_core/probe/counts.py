"""Study: what other people's counters say of a network, closed to the integer against the formula. No torch here."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from resnet_core.cost.ledger import count
from resnet_core.cost.reconcile import RULES, reconcile
from resnet_core.cost.witnesses import ToolCount, ask
from resnet_core.errors import N_
from resnet_core.fields import Specification, choice
from resnet_core.study import Progress, Study, Subject

Tool = Literal["all", "fvcore", "torchinfo", "torch"]


@dataclass(frozen=True, slots=True)
class Count(ToolCount):
    """A tool's count beside the ledger's.

    ``terms`` explain the total: what is counted (a message id) -> how many; ``explained`` is their sum and
    ``remainder`` what is left of the total: 0, or something that this program does not understand. ``leaves_out`` (a
    message id) is what the tool does not count. ``macs`` are the formula's.
    """

    terms: dict[str, int]
    explained: int
    remainder: int
    leaves_out: str
    macs: int

    def measured_by(self) -> tuple[str, ...]:
        """torch, in whose modules it counted, and the tool."""
        return "torch", self.tool


class CountOptions(Specification):
    """Which tool is asked."""

    tool: Tool = choice(
        "all",
        N_("Tool"),
        N_("Which counting tool is asked."),
        "main",
        {"all": N_("all three"), "fvcore": "fvcore", "torchinfo": "torchinfo", "torch": "torch"},
    )


STUDY = Study(
    name="counts",
    title=N_("What the counting tools say"),
    says=N_(
        "Three tools that others use count the same network, and each total is explained to the last unit "
        "against the formulas here."
    ),
    source="fvcore FlopCountAnalysis; torchinfo summary; torch FlopCounterMode",
    options=CountOptions,
    record=Count,
    run="resnet_core.probe.counts:measure",
)


def measure(networks: Sequence[Subject], options: CountOptions, progress: Progress) -> Iterator[Count]:
    """One record for each network and tool. A tool that fails does not silence the others: it is told at the end."""
    tools = list(RULES) if options.tool == "all" else [options.tool]
    failed: Exception | None = None
    for network in networks:
        ledger = count(network.spec)
        for number, tool in enumerate(tools):
            done, of = network.place * len(tools) + number, len(networks) * len(tools)
            progress(done, of, N_("{tool} is counting"), tool=tool)
            try:
                told = ask(tool, network.spec)
            except Exception as error:  # noqa: BLE001 - raised once the others have spoken
                failed = failed or error
                continue
            closed = reconcile(ledger, told)
            yield Count(
                **{**asdict(told), **network.mark},
                terms={term.meaning: term.amount for term in closed.terms},
                explained=closed.explained,
                remainder=closed.remainder,
                leaves_out=closed.leaves_out,
                macs=ledger.macs,
            )
    if failed is not None:
        raise failed
