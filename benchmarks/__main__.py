"""`python -m benchmarks [NAME ...]`: run the benchmarks and print a table of figures beside their goals."""

from __future__ import annotations

import importlib
import sys

from rich.console import Console
from rich.table import Table

NAMES = ("command_help", "event_to_running", "gateway_overhead", "train_overhead")


def main(names: list[str]) -> int:
    """Run them, one after another: they share two cores. 2 for a name that is none."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    table = Table(title="Benchmarks", title_justify="left")
    for title in ("what", "measured", "goal", "met"):
        table.add_column(title)
    for name in names or NAMES:
        print(f"{name} ...", flush=True)
        for figure in importlib.import_module(f"benchmarks.{name}").measure():
            table.add_row(figure.what, figure.measured, figure.goal, "yes" if figure.met else "NO")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
