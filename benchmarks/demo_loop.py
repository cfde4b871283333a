"""One `perennial demo` on the generator: the loop after set-up, as the demo itself reports it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.service import ROOT

GOAL_SECONDS = 90.0


def measure() -> Iterator[Figure]:
    """The whole loop, and the part from the event to the retraining, in the state folder of `make demo`."""
    from deployments.stack import down

    command = [str(Path(sys.executable).with_name("perennial")), "demo"]
    try:
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)
        seconds = json.loads((ROOT / ".perennial/demo.json").read_text())["seconds"]
    finally:
        down(ROOT / ".perennial/demo")
    loop, event = seconds["loop"], seconds["event_to_running"]
    yield Figure("the demo's loop after set-up", f"{loop:.0f} s", f"{GOAL_SECONDS:.0f} s", loop <= GOAL_SECONDS)
    yield Figure("the demo's event to Running", f"{event:.1f} s", "5 s", event <= 5)
