"""A window judged: its findings held against the windows before, and the workload's policy asked what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.alarms import Judged, Span, judge
from lifecycle.decision import Circumstances, Decision, decide
from lifecycle.findings import Finding
from lifecycle.names import PREVIOUS
from lifecycle.rolling_back import worse_than_before
from lifecycle.spending import MONTH, unaffordable
from lifecycle.tags import PROMOTED_AT
from platforms.ports import RegisteredModel
from platforms.usage import read_usage
from platforms.windows import Windows
from tasks.context import Context
from tasks.learnable import learnable, learnt_since
from tasks.registration import TRIGGER, UNNAMED
from tasks.step import step
from tasks.under_way import replacement_under_way

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Judgement:
    """What a window showed, and what follows."""

    key: str  # one a champion and flow run: run again, it is the same judgement
    span: Span
    findings: tuple[Finding, ...]
    judged: Judged
    decision: Decision


@step(name="decide")
def judge_window(
    context: Context, champion: RegisteredModel, span: Span, findings: Sequence[Finding], windows: Windows
) -> Judgement:
    """Findings, alarms and the decision of the window. What can only be asked of others is asked where it matters."""
    workload = context.workload
    judged = judge(span, findings, workload.monitor, windows)
    circumstances = Circumstances(now=span.end)
    if judged.alarms or learnt_since(champion) is not None:
        circumstances = _circumstances(context, champion, span, findings, judged, windows)
    decision = decide(workload, findings, judged, circumstances)
    return Judgement(span.key, span, tuple(findings), judged, decision)


def _circumstances(
    context: Context,
    champion: RegisteredModel,
    span: Span,
    findings: Sequence[Finding],
    judged: Judged,
    windows: Windows,
) -> Circumstances:
    promoted = champion.tags.get(PROMOTED_AT)
    before = context.platform.models.by_alias(context.name, PREVIOUS)
    monitor = context.workload.monitor
    rows = learnable(context, champion, span, findings, judged.alarms, windows)
    return Circumstances(
        now=span.end,
        champion_since=datetime.fromisoformat(promoted) if promoted else None,
        under_way=tuple(replacement_under_way(context)),
        unaffordable=_unaffordable(context, span.end),
        too_few=rows.too_few,
        grown=rows.grown,
        since=rows.since,
        worse_than_before=None
        if before is None or before.version == champion.version
        else worse_than_before(findings, judged.alarms, span.end, before.version, monitor, windows),
    )


def _unaffordable(context: Context, moment: datetime) -> str | None:
    versions = context.platform.models.versions(context.name)
    asked_for = [version for version in versions if version.tags.get(TRIGGER, "manual") not in UNNAMED]
    this_week = sum(version.created_at >= moment - WEEK for version in asked_for)
    jobs = read_usage(context.platform.blobs, context.name, moment - MONTH)
    return unaffordable(context.workload.budget, this_week, jobs, moment)
