"""``python -m benchmarks [name ...]``: run the benchmarks, print their tables, keep ``results/<name>.json``."""

import argparse
import sys
from importlib import import_module

from benchmarks.report import keep, table

NAMES = ("ledger", "training", "peer", "page", "player")
ON_REQUEST = ("gpu",)  # where there is one


def main() -> None:
    """Run what is asked for, by default everything that needs no GPU, one after the other."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, *ON_REQUEST, []], metavar="name",
                        help=f"of {', '.join((*NAMES, *ON_REQUEST))}")  # fmt: skip
    for name in parser.parse_args().names or NAMES:
        benchmark = import_module(f"benchmarks.{name}")
        lines = benchmark.measure()
        path = keep(name, benchmark.TITLE, lines)
        sys.stdout.write(f"{table(benchmark.TITLE, lines)}\n  kept in {path.relative_to(path.parents[2])}\n\n")


if __name__ == "__main__":
    main()
