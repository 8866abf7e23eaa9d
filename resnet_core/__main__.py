"""The explorer's measurements from a terminal.

``python -m resnet_core presets | count | code | study | reconcile | gradients | train | runs``: the options of
``train``, those of each study and the names that ``--set`` takes come from the field tables of the specifications.
Where a preset is named, a file ``NAME.json`` does too: a specification as the page lets it be taken along, perhaps
edited by hand. What is not understood is one line on standard error and exit code 2; ``presets``, ``count``, ``code``,
``runs`` and the list of ``study`` do without torch. How trainings are kept, continued and listed stands in
:mod:`resnet_core.cli_runs`, what is measured in :mod:`resnet_core.cli_study`.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

from resnet_core import cli_options, cli_runs, cli_study
from resnet_core.cli_bar import Bar
from resnet_core.cost.ledger import count
from resnet_core.cost.memory import GIGA, fits
from resnet_core.errors import N_, Refusal
from resnet_core.export.source import source
from resnet_core.export.tables import ledger_values, preset_values
from resnet_core.fields import shown, to_text
from resnet_core.presets import presets
from resnet_core.recipe import TRAIN_FIELDS, DataChoice, TrainSpec
from resnet_core.recipes import recipe, recipes
from resnet_core.records import dumps
from resnet_core.spec import ArchSpec
from resnet_core.train.facts import steps_per_epoch
from resnet_core.train.records import Diverged

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 128 + signal.SIGINT
LENGTHS = ("epochs", "steps", "seconds")  # of a training


class _Parser(argparse.ArgumentParser):
    """argparse without its usage lines before an error: one line teaches, ``--help`` tells the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {' '.join(message.split())}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    try:
        options = _parser().parse_args(arguments)
        with closing(options.run(options)) as lines:  # closed at once: a training that is kept has an end to write
            for line in lines:
                print(line, flush=True)  # noqa: T201 - this is what a terminal reads
    except Refusal as refusal:
        print("resnet_core:", *str(refusal).split(), file=sys.stderr)  # noqa: T201
        return FAILED if isinstance(refusal, Diverged) else BAD_INPUT
    except cli_runs.Ended as ended:
        return ended.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; the interpreter's own flush at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="resnet_core", description="Count, probe and train residual networks.", allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Any, help_: str, *, json: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_, description=help_, allow_abbrev=False)
        if json:
            added.add_argument("--json", action="store_true", help="JSON on standard output")
        added.set_defaults(run=run)
        return added

    command("presets", _presets, "The named networks.")
    counting = command("count", _count, "Parameters and multiply-adds, by formula.")
    counting.add_argument(
        "--fits", metavar="GB", help="the largest batch that fits into so many gigabytes (10^9 bytes), by formula: "
        "training with SGD and momentum, and inference, in float32"
    )  # fmt: skip
    coding = command("code", _code, "The network as standalone PyTorch source.", json=False)
    coding.add_argument("--output", type=Path, metavar="file", help="write it there instead of standard output")
    training = command("train", _train, "Train on real images, one record a step.")
    for added in (counting, coding, training):
        cli_options.add_network(added, "?" if added is training else None)  # with --resume, the folder names it
    training.add_argument("--recipe", metavar="name", help=f"start from a named recipe: {', '.join(recipes())}")
    for field in TRAIN_FIELDS.values():
        cli_options.add_field(training, field)
    cli_options.add_threads(training)
    cli_runs.add_train_options(training)
    cli_runs.add_runs_options(command("runs", cli_runs.show, "The trainings and studies that are kept."))
    cli_study.add_commands(lambda name, help_: command(name, None, help_, json=name == "study"))
    return parser


def _how(options: argparse.Namespace) -> TrainSpec:
    named = getattr(options, "recipe", None)
    start = TrainSpec() if named is None else recipe(named)
    given = cli_options.given(options, TRAIN_FIELDS)
    how = start.with_(**given)
    lengths = [f"--{name}" for name in LENGTHS if name in given and getattr(how, name)]
    if len(lengths) > 1:
        raise Refusal(
            N_("{options} each say how long to train, and only one of them can: leave the others out."),
            options=", ".join(lengths),
        )
    return how


def _presets(options: argparse.Namespace) -> Iterable[str]:
    if options.json:
        yield dumps([preset_values(row) for row in presets().values()])
        return
    for name, row in presets().items():
        ledger = count(row.spec)
        yield f"{name:18} {ledger.params:>13,} params  {ledger.macs:>17,} macs  {_what(row.spec)}; {row.source}"


def _what(spec: ArchSpec) -> str:
    """One line of what a network is: its depth and blocks, then what else is not as in ResNet-56."""
    said = ("skip", "block", "stages", "width", "image_size", "num_classes", "stem_width")
    other = [
        f"{name}={to_text(value)}" for name, (_, value) in ArchSpec().differences(spec).items() if name not in said
    ]
    kind = "residual" if spec.skip else "plain"
    blocks = f"{shown(spec.stages)} {spec.block} blocks from {spec.width} channels"
    return ", ".join([f"{kind}, {spec.depth} layers, {blocks}, {spec.image_size} pixels", *other])


def _count(options: argparse.Namespace) -> Iterable[str]:
    spec = cli_options.arch(options.preset, options.set)
    ledger = count(spec)
    gigabytes = cli_options.gigabytes(options.fits)
    fitting = None if gigabytes is None else fits(ledger, round(gigabytes * GIGA))
    if options.json:
        fit = {} if fitting is None else {"fits": {"gigabytes": gigabytes, **fitting._asdict()}}
        yield dumps({**ledger_values(ledger), **fit})
        return
    width = max(len(row.name) for row in ledger.rows)
    for row in ledger.rows:
        shape = "x".join(map(str, row.layer.out_shape))
        yield f"{row.name:{width}}  {shape:>14}  {row.params:>12,}  {row.macs:>15,}  {row.params_formula}".rstrip()
    yield f"{'total':{width}}  {'':>14}  {ledger.params:>12,}  {ledger.macs:>15,}  params, macs; formula"
    yield f"depth {ledger.depth}; {ledger.saved_bytes:,} bytes of activations saved for backward, for each image"
    if fitting is not None:
        yield (
            f"fits in {gigabytes:g} GB: batch {fitting.training:,} in training (SGD with momentum), batch "
            f"{fitting.inference:,} in inference; float32; formula, without PyTorch itself and libraries' workspaces"
        )


def _code(options: argparse.Namespace) -> Iterable[str]:
    spec = cli_options.arch(options.preset, options.set)
    text = source(spec, cli_options.name_of(options.preset, spec))
    if options.output is None:
        yield text.removesuffix("\n")
        return
    try:
        options.output.write_text(text)
    except OSError as error:
        raise Refusal(
            N_("{file} cannot be written: {reason}."), file=str(options.output), reason=error.strerror or str(error)
        ) from error


def _train(options: argparse.Namespace) -> Iterable[str]:
    before = cli_runs.to_resume(options)
    if before is None and options.preset is None:
        raise Refusal(N_("Name the network, a preset such as cifar56; `presets` prints them."))
    cli_options.refuse_set(options)
    spec = cli_options.arch(options.preset, options.set) if options.preset is not None else None
    if before is not None:
        given = cli_options.given(options, TRAIN_FIELDS)
        spec, how, threads = cli_runs.as_started(before, spec, given, options.threads)
        label = before.label
    else:
        assert spec is not None
        how, threads, label = _how(options), options.threads or 1, cli_options.name_of(options.preset, spec)
    _fetch(how.images)
    if before is None:
        steps_per_epoch(how.images, how.batch_size)  # refused before a folder is taken, as the page does
    yield from cli_runs.train(spec, how, options, threads=threads, label=label, before=before)


def _fetch(images: DataChoice) -> None:
    """Bring a published data set here on its first use, with a bar on standard error where somebody watches."""
    from resnet_core.train.sets import fetching, ready

    if ready(images):
        return
    bar = Bar()
    for known in fetching(images):
        bar(known.done_bytes, known.total_bytes, f"{images.name}, {known.total_bytes / 1e6:.0f} MB")
    bar.clear()


if __name__ == "__main__":
    sys.exit(main())
