"""From findings to what follows: pure policy, so that every decision can be explained and replayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lifecycle.base import Frozen
from lifecycle.findings import Finding
from lifecycle.workload import Workload

Action = Literal["retrain", "notify", "nothing"]


class Decision(Frozen):
    """What follows from a window, and why."""

    action: Action
    reason: str


def decide(
    workload: Workload, findings: Sequence[Finding], retrainings_this_week: int, under_way: Sequence[str]
) -> Decision:
    """What the workload's policy makes of the findings.

    Retraining wants a loss of performance, or a policy that says drift is enough; a budget; and no retraining
    or release under way (`under_way`: the runs' names). Drift alone is told to people. Inconclusive is never read as
    fine, and never as an alarm.
    """
    significant = [finding for finding in findings if finding.significant]
    if not significant:
        return _nothing(findings)
    told = "; ".join(finding.message for finding in significant)
    kinds = {finding.kind for finding in significant}
    wanted = "performance" in kinds or (workload.monitor.retrain_on_drift and "drift" in kinds)
    if workload.monitor.then != "retrain" or not wanted:
        why = "the policy is to notify" if wanted else "no loss of performance is shown"
        return Decision(action="notify", reason=f"{told}. No retraining: {why}.")
    if under_way:
        return Decision(action="notify", reason=f"{told}. No retraining: {', '.join(under_way)} under way.")
    limit = workload.budget.retrainings_per_week
    if retrainings_this_week >= limit:
        return Decision(action="notify", reason=f"{told}. No retraining: {retrainings_this_week} of {limit} this week.")
    return Decision(action="retrain", reason=f"{told}.")


def _nothing(findings: Sequence[Finding]) -> Decision:
    unclear = [finding.subject for finding in findings if not finding.conclusive]
    if unclear:
        return Decision(action="nothing", reason=f"Nothing is shown, but inconclusive: {', '.join(unclear)}.")
    return Decision(action="nothing", reason="Nothing drifted, and no performance was lost.")
