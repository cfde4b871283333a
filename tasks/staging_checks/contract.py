"""The contract of the staging slot: what it answers, and how it refuses."""

from __future__ import annotations

from lifecycle.names import STAGING_SLOT, staging_endpoint
from tasks.staging import check_slot
from tasks.staging_checks.part import Part, Subject

TITLE = "contract"


def contract(subject: Subject) -> Part:
    """Every check of it, whether an earlier one failed or not."""
    context, candidate = subject.context, subject.candidate
    endpoint = staging_endpoint(context.name)
    checks = check_slot(context, endpoint, STAGING_SLOT, candidate.model, candidate.version, candidate.holdout)
    return Part(title=TITLE, checks=tuple(checks))
