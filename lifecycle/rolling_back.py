"""Is the champion worse than the version before it? Told from the records of both versions' windows.

A new champion that loses performance may be bad, or its world may have changed, and then the version before would do
no better: what decides is what that version achieved itself, in its last window in production that could tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from lifecycle.alarms import MEMORY
from lifecycle.findings import Finding
from lifecycle.metrics import LOWER_IS_BETTER
from lifecycle.windows import Alarm, History
from lifecycle.workload import Monitor

ERRORS = "error rate"  # the subject of a service finding whose score is the share of requests that failed


def worse_than_before(
    findings: Sequence[Finding],
    alarms: Sequence[Alarm],
    end: datetime,
    previous: int,
    monitor: Monitor,
    history: History,
) -> str | None:
    """Why version `previous` would serve better, in words; None where that is not shown."""
    if monitor.roll_back_within is None:
        return None
    oldest = end - monitor.roll_back_within - MEMORY * monitor.window
    told = {alarm.about for alarm in alarms}
    for finding in findings:
        if finding.about not in told or finding.score is None:
            continue
        if finding.kind != "performance" and finding.about != ("service", ERRORS):
            continue
        before = _last_of(previous, finding.about, end, oldest, history)
        if before is not None and _lost(finding, before, monitor.tolerance):
            return f"{finding.subject} is {finding.score:.3f}, and was {before:.3f} under version {previous}"
    return None


def _last_of(version: int, about: tuple[str, str], end: datetime, oldest: datetime, history: History) -> float | None:
    """What the version's last window that could tell had measured."""
    for record in takewhile(lambda one: one.end >= oldest, history.before(end)):
        found = record.finding(about) if record.model_version == version else None
        if found is not None:
            return found.score
    return None


def _lost(finding: Finding, before: float, tolerance: float) -> bool:
    """Whether more than the tolerated share of it is lost; of errors, any more."""
    if finding.score is None:
        return False
    if finding.kind == "service":
        return finding.score > before
    limit = tolerance * abs(before)
    worse_by = finding.score - before if finding.subject in LOWER_IS_BETTER else before - finding.score
    return worse_by > limit
