"""Studies from a terminal: ``study`` lists them, ``study NAME PRESET ...`` measures.

The options of each come from its field table. ``--json`` prints one record a line as soon as it is there; ``--run``
measures the trained weights of a kept run, ``--epoch`` those after an epoch; ``--keep`` keeps what was found in a
folder that the page lists.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

from resnet_core import cli_options, cli_runs
from resnet_core.cli_bar import Bar
from resnet_core.errors import N_, Refusal
from resnet_core.export.findings import findings_text
from resnet_core.fields import field_table, shorten, to_text
from resnet_core.jobs.kept import keep, trained
from resnet_core.jobs.store import refuse_unwritable, root_folder
from resnet_core.records import dumps, to_json
from resnet_core.studies import STUDIES, Found, refuse_too_many, study_of
from resnet_core.study import Study, Subject

ALIASES = {"reconcile": "counts", "gradients": "gradients"}  # commands of their own for what is asked most

Add = Callable[[str, str], argparse.ArgumentParser]


def add_commands(add: Add) -> None:
    """``study`` with a command for each, and the two that stand by themselves."""
    listing = add("study", "What can be measured on networks; with a name, measure it.")
    listing.set_defaults(run=_list)
    names = listing.add_subparsers(metavar="name", action=_Named)
    names.choices = None  # type: ignore[assignment]  # an unknown name is refused by _Named, which says what there is
    for study in STUDIES.values():
        help_ = f"{study.title}. {study.source}"
        _add_options(names.add_parser(study.name, help=help_, description=help_, allow_abbrev=False), study)
    for alias, name in ALIASES.items():
        added = add(alias, f"The same as `study {name}`: {STUDIES[name].title}.")
        added.set_defaults(json=False)
        _add_options(added, STUDIES[name])


class _Named(argparse._SubParsersAction):  # type: ignore[type-arg]
    """The command of a study. A name that is none is refused as everywhere else."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        study_of(values[0])
        super().__call__(parser, namespace, values, option_string)


def _add_options(parser: argparse.ArgumentParser, study: Study[Any]) -> None:
    cli_options.add_network(parser, "*")
    for field in field_table(study.options).values():
        cli_options.add_field(parser, field)
    cli_options.add_threads(parser)
    # Without a default of its own, which would undo `study --json NAME`.
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one record a line on standard output"
    )
    parser.add_argument("--keep", action="store_true", help="keep what is found in a new folder of --run-dir")
    parser.add_argument(
        "--run", action="append", default=[], dest="runs", metavar="RUN",
        help="measure a kept run's trained weights: its id in --run-dir, or its folder; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--epoch", action="append", default=[], dest="epochs", metavar="n",
        help="measure each --run at this epoch, whose weights it has kept (0: its first weights); may be repeated. "
             "Default: after its last step",
    )  # fmt: skip
    cli_runs.add_run_dir(parser, f"where runs are kept. Default: {cli_runs.DEFAULT_DIR}")
    parser.set_defaults(run=measure, study=study.name)


def _list(options: argparse.Namespace) -> Iterator[str]:
    if options.json:
        yield dumps([_described(study) for study in STUDIES.values()])
        return
    for study in STUDIES.values():
        yield f"{study.name:12} {study.title}"
        yield f"{'':12} {study.source}"
        for field in field_table(study.options).values():
            yield f"{'':12} --{field.name.replace('_', '-')} {to_text(field.default)}".rstrip() + f"  {field.help}"


def _described(study: Study[Any]) -> dict[str, Any]:
    defaults = {name: field.default for name, field in field_table(study.options).items()}
    return {"name": study.name, "title": study.title, "source": study.source, "options": defaults}


def measure(options: argparse.Namespace) -> Iterator[str]:
    """Lines for standard output, as the records come."""
    study = STUDIES[options.study]
    networks, chosen = _asked(study, options)
    study.refuse(networks, chosen)
    root = root_folder(options.run_dir)
    if options.keep:
        refuse_too_many(networks)
        refuse_unwritable(root)
    import torch

    torch.set_num_threads(options.threads or 1)
    module, _, name = study.run.partition(":")
    bar, records = Bar(), []
    try:
        with closing(getattr(importlib.import_module(module), name)(networks, chosen, bar)) as found:
            for record in found:
                bar.clear()
                records.append(record)
                yield from [to_json(record)] if options.json else findings_text(record)
    finally:
        bar.clear()
    if options.keep:
        kept = keep(root, Found(study, tuple(networks), chosen, tuple(records)))
        print(f"resnet_core: kept as {kept} in {root}", file=sys.stderr)  # noqa: T201 - standard output is for records


def _asked(study: Study[Any], options: argparse.Namespace) -> tuple[Sequence[Subject], Any]:
    """The networks, and the study's options: as given, else as the recipe of a kept run has them, else the default."""
    cli_options.refuse_set(options)
    if options.epochs and not options.runs:
        raise Refusal(N_("--epoch says at which epoch a --run is measured, and none is named."))
    table = field_table(study.options)
    named = [(named, cli_options.arch(named, options.set)) for named in options.preset]
    networks = [Subject(cli_options.name_of(named, spec), spec) for named, spec in named]
    taken: dict[str, Any] = {}
    seeds = set()
    for run, epoch in product(options.runs, [_epoch(text) for text in options.epochs] or [None]):
        subject, recipe = trained(Path(cli_runs.find(run, options.run_dir)), epoch=epoch)
        networks.append(subject)
        taken |= {name: value for name, value in recipe.items() if name in table}
        seeds |= {recipe["seed"]} if epoch == 0 else set()
    networks = [network._replace(place=place) for place, network in enumerate(networks)]
    chosen = study.options().with_(**{**taken, **cli_options.given(options, table)})
    if seeds - {getattr(chosen, "seed", None)}:
        raise Refusal(
            N_("The first weights of these runs are drawn from the seeds {seeds}; a study has one seed, so measure "
               "them one by one, without --seed."),
            field="seed", seeds=", ".join(map(str, sorted(seeds))),
        )  # fmt: skip
    return networks, chosen


def _epoch(text: str) -> int:
    """The number of an epoch, as it is written."""
    if not text.isdecimal():
        raise Refusal(N_("--epoch takes the number of an epoch, from 0; got {got}."), got=shorten(text))
    if len(text) > 9:
        raise Refusal(N_("No training has so many epochs: {got}."), got=shorten(text))
    return int(text)
