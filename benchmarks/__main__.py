"""`python -m benchmarks [NAME ...]`: run the benchmarks and print a table of figures beside their goals."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure

NAMES = (
    "azure_train",
    "blob_download",
    "command_help",
    "demo_loop",
    "drift_calibration",
    "drift_speed",
    "event_to_running",
    "gateway_overhead",
    "monitor_scale",
    "real_data",
    "releases",
    "seasonal_drift",
    "simulated_year",
    "train_overhead",
)


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
        for figure in _measured(name):
            print(f"  {figure.what}: {figure.measured} (goal: {figure.goal})", flush=True)
            table.add_row(figure.what, figure.measured, figure.goal, "yes" if figure.met else "NO")
    Console().print(table)
    return 0


def _measured(name: str) -> list[Figure]:
    """The figures of one benchmark, from a process of its own: Prefect's client keeps the first server it sees."""
    code = f"from benchmarks.__main__ import print_figures; print_figures({name!r})"
    lines = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout.splitlines()
    return [Figure(**figure) for figure in json.loads(lines[-1])]


def print_figures(name: str) -> None:
    """Measure, and print the figures as one last line of JSON."""
    figures = importlib.import_module(f"benchmarks.{name}").measure()
    print(json.dumps([asdict(figure) for figure in figures]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
