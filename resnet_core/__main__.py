"""The explorer's measurements from a terminal.

``python -m resnet_core presets | count | reconcile | code | gradients | train | runs``: the options of ``train`` and
the names that ``--set`` takes come from the field tables of the two specifications. Where a preset is named, a file
``NAME.json`` does too: a specification as the page lets it be taken along, perhaps edited by hand. What is not
understood is one line on standard error and exit code 2; ``presets``, ``count``, ``code`` and ``runs`` do without
torch. How trainings are kept, continued and listed stands in :mod:`resnet_core.cli_runs`.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

from resnet_core import cli_runs
from resnet_core.cost.ledger import count
from resnet_core.cost.memory import refuse_if_too_many
from resnet_core.errors import N_, Refusal
from resnet_core.export.source import source
from resnet_core.export.tables import ledger_values
from resnet_core.fields import SpecField, shorten, to_text
from resnet_core.presets import preset, presets
from resnet_core.recipe import TRAIN_FIELDS, DataChoice, TrainSpec
from resnet_core.recipes import recipe, recipes
from resnet_core.records import dumps
from resnet_core.spec import ArchSpec
from resnet_core.train.facts import steps_per_epoch
from resnet_core.train.records import Diverged

FAILED = 1
BAD_INPUT = 2
FILE = ".json"  # a preset's name does not end so
INTERRUPTED = 128 + signal.SIGINT


class _Parser(argparse.ArgumentParser):
    """argparse without its usage lines before an error: one line teaches, ``--help`` tells the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {' '.join(message.split())}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
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
    asking = command("reconcile", _reconcile, "What fvcore, torchinfo and torch count, closed against the formula.")
    coding = command("code", _code, "The network as standalone PyTorch source.", json=False)
    coding.add_argument("--output", type=Path, metavar="file", help="write it there instead of standard output")
    probing = command("gradients", _gradients, "The gradient that reaches each block of the fresh network, measured.")
    training = command("train", _train, "Train on real images, one record a step.")
    for added in (counting, asking, coding, probing, training):
        more: dict[str, Any] = {"nargs": "?"} if added is training else {}  # with --resume, the folder names it
        added.add_argument("preset", help=f"a name that `presets` prints, or a specification file, NAME{FILE}", **more)
        added.add_argument(
            "--set", action="append", default=[], metavar="field=value", help="change a field; may be repeated"
        )
    for name in ("data", "side", "archive", "seed", "device", "batch_size"):
        _option(probing, TRAIN_FIELDS[name])
    training.add_argument("--recipe", metavar="name", help=f"start from a named recipe: {', '.join(recipes())}")
    for field in TRAIN_FIELDS.values():
        _option(training, field)
    for added in (probing, training):
        # One thread, as on the page: how sums are split among threads changes their last bits.
        added.add_argument("--threads", type=int, choices=range(1, 257), metavar="n", help="Default: 1")
    cli_runs.add_train_options(training)
    cli_runs.add_runs_options(command("runs", cli_runs.show, "The trainings that are kept, and their records."))
    return parser


def _option(parser: argparse.ArgumentParser, field: SpecField) -> None:
    """An option of the field's name. It takes any text: the specification checks it, and its refusals teach."""
    text = f"{field.help} Default: {to_text(field.default) or 'none'}."
    flag = f"--{field.name.replace('_', '-')}"
    parser.add_argument(flag, dest=field.name, metavar="value", help=text.replace("%", "%%"))


def _start(named: str) -> ArchSpec:
    """The network that a command names: a preset's, or that of a file that the page wrote."""
    if not named.endswith(FILE):
        return preset(named)
    try:
        text = Path(named).read_bytes()
    except OSError as error:
        raise Refusal(
            N_("{file} cannot be read: {reason}."), file=named, reason=error.strerror or str(error)
        ) from error
    return ArchSpec.model_validate_json(text)


def _arch(options: argparse.Namespace) -> ArchSpec:
    changes = {}
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise Refusal(N_("--set takes field=value, such as skip=false; got {got}."), got=shorten(text))
        changes[name.strip()] = value.strip()
    spec = _start(options.preset).with_(**changes)
    refuse_if_too_many(count(spec))
    return spec


def _given(options: argparse.Namespace) -> dict[str, str]:
    """The fields of the recipe that the command names, as text."""
    given = {name: getattr(options, name, None) for name in TRAIN_FIELDS}
    return {name: value for name, value in given.items() if value is not None}


def _how(options: argparse.Namespace) -> TrainSpec:
    named = getattr(options, "recipe", None)
    start = TrainSpec() if named is None else recipe(named)
    return start.with_(**_given(options))


def _name(options: argparse.Namespace, spec: ArchSpec) -> str:
    """The preset or file, and the fields in which the network differs from it: ``cifar56, width=32``."""
    changes = _start(options.preset).differences(spec)
    name = Path(options.preset).stem if options.preset.endswith(FILE) else options.preset
    return ", ".join([name, *(f"{field}={to_text(value)}" for field, (_, value) in changes.items())])


def _presets(options: argparse.Namespace) -> Iterable[str]:
    if options.json:
        yield dumps(list(presets()))
        return
    for name, row in presets().items():
        ledger = count(row.spec)
        yield f"{name:18} {ledger.params:>13,} params  {ledger.macs:>17,} macs  {row.source}"


def _count(options: argparse.Namespace) -> Iterable[str]:
    spec = _arch(options)
    ledger = count(spec)
    if options.json:
        yield dumps(ledger_values(ledger))
        return
    width = max(len(row.name) for row in ledger.rows)
    for row in ledger.rows:
        shape = "x".join(map(str, row.layer.out_shape))
        yield f"{row.name:{width}}  {shape:>14}  {row.params:>12,}  {row.macs:>15,}  {row.params_formula}".rstrip()
    yield f"{'total':{width}}  {'':>14}  {ledger.params:>12,}  {ledger.macs:>15,}  params, macs; formula"
    yield f"depth {ledger.depth}; {ledger.saved_bytes:,} bytes of activations saved for backward, for each image"


def _reconcile(options: argparse.Namespace) -> Iterable[str]:
    spec = _arch(options)
    from resnet_core.cost.reconcile import RULES, reconcile
    from resnet_core.cost.witnesses import ask

    ledger = count(spec)
    closed = [reconcile(ledger, ask(tool, spec)) for tool in RULES]
    if options.json:
        yield dumps(
            [
                {"tool": one.tool, "total": one.total, "explained": one.explained, "remainder": one.remainder}
                for one in closed
            ]
        )
        return
    for one in closed:
        yield f"{one.tool:12} {one.total:>18,}"
        yield from (f"  = {term.amount:>27,}  {term.meaning}" for term in one.terms)
        yield f"  remainder {one.remainder:>19,}"
        yield f"  leaves out {one.leaves_out}"


def _code(options: argparse.Namespace) -> Iterable[str]:
    spec = _arch(options)
    text = source(spec, _name(options, spec))
    if options.output is None:
        yield text.removesuffix("\n")
        return
    try:
        options.output.write_text(text)
    except OSError as error:
        raise Refusal(
            N_("{file} cannot be written: {reason}."), file=str(options.output), reason=error.strerror or str(error)
        ) from error


def _gradients(options: argparse.Namespace) -> Iterable[str]:
    spec, how = _arch(options), _how(options)
    import torch

    from resnet_core.probe.gradients import gradient_flow

    torch.set_num_threads(options.threads or 1)
    _fetch(how.images)
    flow = gradient_flow(spec, data=how.images, seed=how.seed, device=how.device, batch_size=how.batch_size)
    if options.json:
        yield dumps([{"name": name, "norm": norm} for name, norm in zip(flow.names, flow.norms, strict=True)])
        return
    for name, norm in zip(flow.names, flow.norms, strict=True):
        yield f"{name:12} {norm:.4e}"
    yield (
        f"L2 norm of the loss's gradient at each block's input; measured: {flow.data} {flow.image_size}x"
        f"{flow.image_size}, {flow.batch_size} images, seed {flow.seed}, {flow.device} ({flow.device_name}), "
        f"torch {flow.versions['torch']}, {flow.time_s:.2f} s"
    )


def _train(options: argparse.Namespace) -> Iterable[str]:
    before = cli_runs.to_resume(options)
    if before is None and options.preset is None:
        raise Refusal(N_("Name the network, a preset such as cifar56; `presets` prints them."))
    if options.set and options.preset is None:
        raise Refusal(N_("--set changes a preset, and none is named."))
    spec = _arch(options) if options.preset is not None else None
    if before is not None:
        spec, how, threads = cli_runs.as_started(before, spec, _given(options), options.threads)
        label = before.label
    else:
        assert spec is not None
        how, threads, label = _how(options), options.threads or 1, _name(options, spec)
    _fetch(how.images)
    if before is None:
        steps_per_epoch(how.images, how.batch_size)  # refused before a folder is taken, as the page does
    yield from cli_runs.train(spec, how, options, threads=threads, label=label, before=before)


def _fetch(images: DataChoice) -> None:
    """Bring a published data set here on its first use, with a bar on standard error where somebody watches."""
    from resnet_core.train.sets import fetching, ready

    if ready(images):
        return
    shown = -1
    for known in fetching(images):
        percent = 100 * known.done_bytes // known.total_bytes
        if percent != shown and sys.stderr.isatty():
            shown = percent
            bar = f"{'#' * (percent // 5):20} {percent:3}% of {known.total_bytes / 1e6:.0f} MB"
            print(f"\r{images.name}  {bar}", end="\n" if percent == 100 else "", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
