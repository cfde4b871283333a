"""monitor: the latest predictions and labels become findings, the findings a decision, the decision an event."""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect import flow, runtime

from flows.parameters import WorkloadName
from lifecycle.decision import Decision, decide
from lifecycle.findings import Finding
from lifecycle.names import CHAMPION
from lifecycle.tags import DATASET, PROMOTED_AT
from monitoring.drift import ColumnDrift, drift_findings
from platforms.ports import RegisteredModel
from tasks.context import Context, open_context
from tasks.datasets import read_holdout
from tasks.observation import Window, as_rows, check_drift, check_performance, read_window
from tasks.pictures import show_drift, write_report
from tasks.registration import TRIGGER, UNNAMED
from tasks.story import emit, now, record, tell, tell_table
from tasks.under_way import replacement_under_way


@flow(name="monitor", flow_run_name="monitor-{workload}", description="Look at what production was asked and answered.")
def monitor(
    workload: WorkloadName,
    report: bool = True,
) -> str:
    """What was decided: retrain, notify or nothing.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        report: Draw the Evidently report, too.
    """
    context = open_context(workload)
    champion = context.platform.models.by_alias(workload, CHAMPION)
    if champion is None:
        tell(context, "decision", f"### Nothing to watch yet\n\n{workload} has no champion: train and release one.")
        return "nothing"
    reference = read_holdout(context, champion.tags[DATASET])
    end = now()
    window = read_window(context, champion, _start(context, champion, end), end)
    drift = check_drift(context, reference, window)
    findings = [*drift_findings(drift), check_performance(context, champion, window)]
    decision = decide(context.workload, findings, _retrainings_this_week(context), replacement_under_way(context))
    key = _key(champion, window)
    _announce(context, champion, key, drift, findings, decision)
    _tell(context, champion, window, drift, findings, decision)
    if drift:
        show_drift(context, reference, window, drift)
        if report:
            write_report(context, champion.run_id, reference, window, drift, key)
    return decision.action


def _start(context: Context, champion: RegisteredModel, end: datetime) -> datetime:
    """The window's start: never before the champion served."""
    start = end - context.workload.monitor.window
    promoted = champion.tags.get(PROMOTED_AT)
    return max(start, datetime.fromisoformat(promoted)) if promoted else start


def _retrainings_this_week(context: Context) -> int:
    week_ago = now() - timedelta(days=7)
    versions = context.platform.models.versions(context.name)
    return sum(
        version.created_at >= week_ago and version.tags.get(TRIGGER, "manual") not in UNNAMED for version in versions
    )


def _key(champion: RegisteredModel, window: Window) -> str:
    """One decision a champion and flow run: run again, it is the same decision and asks for nothing twice."""
    return f"{champion.version}-{runtime.flow_run.id or window.end.isoformat()}"


def _announce(
    context: Context,
    champion: RegisteredModel,
    key: str,
    drift: list[ColumnDrift],
    findings: list[Finding],
    decision: Decision,
) -> None:
    drifted = {column.column: _score(column) for column in drift if column.drifted}
    version = {"model_version": champion.version}
    if drifted:
        emit(context, "perennial.drift.detected", key, {**version, "columns": drifted})
    if any(finding.kind == "performance" and finding.significant for finding in findings):
        message = next(finding.message for finding in findings if finding.kind == "performance")
        emit(context, "perennial.performance.degraded", key, {**version, "message": message})
    record(
        context,
        "decided",
        key,
        f"{decision.action}: {decision.reason}",
        by="policy",
        model_version=champion.version,
        dataset_version=champion.tags[DATASET],
        evidence={"findings": [finding.model_dump(mode="json") for finding in findings]},
    )
    if decision.action == "retrain":
        emit(context, "perennial.retraining.requested", key, {**version, "reason": decision.reason})


def _score(column: ColumnDrift) -> dict[str, float]:
    """What `values` moved by or, where only their absence did, the missing rate."""
    if column.values_drifted or column.missing_threshold is None:
        score, threshold = column.score or 0.0, column.threshold or 0.0
    else:
        score, threshold = abs(column.missing_rate - column.reference_missing_rate), column.missing_threshold
    return {"score": round(score, 6), "threshold": round(threshold, 6)}


def _tell(
    context: Context,
    champion: RegisteredModel,
    window: Window,
    drift: list[ColumnDrift],
    findings: list[Finding],
    decision: Decision,
) -> None:
    unclear = "\n".join(f"- {finding.message}" for finding in findings if not finding.conclusive)
    tell(
        context,
        "decision",
        f"### {decision.action.capitalize()}: version {champion.version} of {context.name}\n\n{decision.reason}\n\n"
        f"Window {window.start:%Y-%m-%d %H:%M} to {window.end:%H:%M} UTC: {len(window.predictions)} predictions, "
        f"{window.joined.labelled_share:.0%} of them labelled.\n\n{unclear}",
    )
    if drift:
        tell_table(context, "drift", as_rows(drift), "Drift by column, the worst first")
