"""`perennial rollback`: production goes back first, in the process of whoever calls it; then Prefect is told.

It acts with the caller's own identity; `prefect deployment run rollback/prod` does the same with production's.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator

from deployments.environment import reach
from platforms.settings import Settings
from platforms.workloads import find_workload


def roll_back(settings: Settings, workload: str, reason: str, to: int | None) -> Iterator[str]:
    """Do it; a sentence for each thing done, as soon as it is. NothingToRollBackTo where there is nothing to go to.

    LookupError where there is no such workload or no service. Prefect is imported once the traffic has moved.
    """
    name = find_workload(settings.workloads, workload).workload.name
    from tasks.context import open_context
    from tasks.going_back import NotWarm, go_back

    target = "" if to is None else str(to)
    try:
        done = go_back(open_context(name, settings), reason, f"{getpass.getuser()} by perennial rollback", to=to)
    except NotWarm as cold:
        yield f"{cold} It is brought up first."
        yield f"Version {_by_flow(settings, name, reason, '', target)} of {name} serves."
        return
    if done is None:
        raise AssertionError("only a rollback that names the version to leave has nothing to do")
    yield f"Version {done.back} of {name} serves."
    try:
        _by_flow(settings, name, done.reason, str(done.left), target)
    except Exception as error:  # whatever ails Prefect: production has gone back, and the ledger has it
        yield f"Prefect could not be told, so nobody is notified: {error}"


def _by_flow(settings: Settings, name: str, reason: str, leave: str, to: str) -> int:
    """By the flow, whose page and event tell of it; what was done already is only told."""
    reach(settings)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    from flows.rollback import rollback  # reads its settings from the environment

    return rollback(name, reason, leave, to)
