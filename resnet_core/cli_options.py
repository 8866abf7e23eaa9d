"""What several commands take: networks, fields of a specification, threads."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resnet_core.cost.ledger import count
from resnet_core.cost.memory import MOST_GB, refuse_if_too_many
from resnet_core.errors import N_, Refusal
from resnet_core.fields import SpecField, shorten, to_text
from resnet_core.presets import preset
from resnet_core.spec import ArchSpec
from resnet_core.spec_file import SUFFIX, read_spec_file


def add_network(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """A preset or a file, and changes to it."""
    more: dict[str, Any] = {"nargs": nargs} if nargs else {}
    parser.add_argument("preset", help=f"a name that `presets` prints, or a specification file, NAME{SUFFIX}", **more)
    parser.add_argument(
        "--set", action="append", default=[], metavar="field=value", help="change a field; may be repeated"
    )


def add_field(parser: argparse.ArgumentParser, field: SpecField) -> None:
    """An option of the field's name. It takes any text: the specification checks it, and its refusals teach."""
    text = f"{field.help} Default: {to_text(field.default) or 'none'}."
    flag = f"--{field.name.replace('_', '-')}"
    parser.add_argument(flag, dest=field.name, metavar="value", help=text.replace("%", "%%"))


def add_threads(parser: argparse.ArgumentParser) -> None:
    """One thread by default, as on the page: how sums are split among threads changes their last bits."""
    parser.add_argument("--threads", type=int, choices=range(1, 257), metavar="n", help="Default: 1")


def given(options: argparse.Namespace, table: Mapping[str, SpecField]) -> dict[str, str]:
    """The fields of a table that the command names, as text."""
    named = {name: getattr(options, name, None) for name in table}
    return {name: value for name, value in named.items() if value is not None}


def refuse_set(options: argparse.Namespace) -> None:
    """A :class:`Refusal` for ``--set`` where no preset is named that it could change."""
    if options.set and not options.preset:
        raise Refusal(N_("--set changes a preset, and none is named."))


def arch(named: str, changes: list[str]) -> ArchSpec:
    """The network of a preset or a file, with the changes of ``--set``."""
    parsed = {}
    for text in changes:
        name, equals, value = text.partition("=")
        if not equals:
            raise Refusal(N_("--set takes field=value, such as skip=false; got {got}."), got=shorten(text))
        parsed[name.strip()] = value.strip()
    spec = _start(named).with_(**parsed)
    refuse_if_too_many(count(spec))
    return spec


def name_of(named: str, spec: ArchSpec) -> str:
    """The preset or file, and the fields in which the network differs from it: ``cifar56, width=32``."""
    changes = _start(named).differences(spec)
    name = Path(named).stem if named.endswith(SUFFIX) else named
    return ", ".join([name, *(f"{field}={to_text(value)}" for field, (_, value) in changes.items())])


def gigabytes(text: str | None) -> float | None:
    """The number after ``--fits``; None where it is not asked for."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= MOST_GB:
        raise Refusal(
            N_("--fits takes gigabytes, such as 8 and up to {most}; got {got}."),
            most=f"{MOST_GB:g}", got=shorten(text),
        )  # fmt: skip
    return number


def _start(named: str) -> ArchSpec:
    """The network that a command names: a preset's, or that of a file that the page wrote."""
    return read_spec_file(named) if named.endswith(SUFFIX) else preset(named)
