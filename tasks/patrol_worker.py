"""`python -m tasks.patrol_worker`: a process that looks at one workload a line, for `flows.patrol`.

A line in tells the workload's folder, its champion where that is known, and when the patrol was due; the line out is
the outcome. What is wrong with a workload is an outcome, too; the process goes on with the next.
"""

from __future__ import annotations

import gc
import os
import sys
from datetime import datetime
from pathlib import Path

from lifecycle.base import Frozen
from platforms.choose import choose_platform
from platforms.ledger import Ledger
from platforms.ports import Platform, RegisteredModel
from platforms.settings import Settings, load_settings
from platforms.workloads import load_workload
from tasks.context import Context
from tasks.patrolling import Outcome, look_at
from tasks.workers import READY

LONGEST = 1000  # characters of what is told of a failure


class Order(Frozen):
    """What is to be looked at."""

    workload: str
    folder: Path
    champion: RegisteredModel | None
    due: datetime


def outcome_of(order: Order, settings: Settings, platform: Platform) -> Outcome:
    """Look at it; whatever fails is told."""
    try:
        workload, folder = load_workload(order.folder).workload, order.folder
        context = Context(settings, platform, workload, folder, Ledger(platform.blobs, workload.name))
        return look_at(context, order.champion, order.due)
    except Exception as error:
        return Outcome(workload=order.workload, result="broken", detail=f"{type(error).__name__}: {error}"[:LONGEST])


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    import monitoring.window_reference  # noqa: F401 - so that no workload's time pays for it

    settings = load_settings()
    platform = choose_platform(settings)
    gc.freeze()
    print(READY, file=answers, flush=True)
    for line in sys.stdin:
        order = Order.model_validate_json(line)
        print(outcome_of(order, settings, platform).model_dump_json(), file=answers, flush=True)


if __name__ == "__main__":
    main()
