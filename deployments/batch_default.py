"""`perennial batch-default`: a person says which version scores batches where none is named.

It acts with the caller's own identity, and needs no worker.
"""

from __future__ import annotations

from deployments.environment import reach
from platforms.settings import Settings


def choose_default(settings: Settings, workload: str, version: int, reason: str, by: str) -> str:
    """Do it; a sentence. LookupError where there is no such workload, version or service."""
    from tasks.batch_default import choose
    from tasks.context import open_context

    context = open_context(workload, settings)
    reach(settings)
    return choose(context, version, reason, by)
