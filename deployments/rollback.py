"""`perennial rollback`: the flow of that name, in the process of whoever calls it, so that it waits for no worker.

It acts with the caller's own identity; `prefect deployment run rollback/prod` does the same with production's.
"""

from __future__ import annotations

import os

from deployments.environment import process_environment
from platforms.settings import Settings
from platforms.workloads import find_workload


def roll_back(settings: Settings, workload: str, reason: str) -> str:
    """Do it; a sentence. LookupError where there is no such workload or no service; NothingToRollBackTo otherwise."""
    name = find_workload(settings.workloads, workload).workload.name
    if "PREFECT_API_URL" not in os.environ:
        settings.address("prefect")  # says what to do where nothing runs
        os.environ.update(process_environment(settings, settings.addresses))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    from flows.rollback import rollback  # reads its settings from the environment

    return f"Version {rollback(name, reason)} of {name} serves."
