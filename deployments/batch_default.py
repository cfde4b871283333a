"""`perennial batch-default`: a person says which version scores batches where none is named.

It acts with the caller's own identity, and needs no worker.
"""

from __future__ import annotations

import os

from deployments.environment import process_environment
from platforms.settings import Settings


def choose_default(settings: Settings, workload: str, version: int, reason: str, by: str) -> str:
    """Do it; a sentence. LookupError where there is no such workload, version or service."""
    from tasks.batch_default import choose
    from tasks.context import open_context

    context = open_context(workload, settings)
    if "PREFECT_API_URL" not in os.environ:
        settings.address("prefect")  # says what to do where nothing runs
        os.environ.update(process_environment(settings, settings.addresses))
    return choose(context, version, reason, by)
