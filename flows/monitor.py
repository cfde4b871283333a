"""monitor: the latest predictions and labels become findings, the findings a decision, the decision an event."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, runtime

from flows.parameters import Moment, WorkloadName
from lifecycle.alarms import Span
from lifecycle.findings import Finding
from lifecycle.names import CHAMPION
from lifecycle.tags import DATASET
from monitoring.drift import ColumnDrift, drift_findings
from monitoring.drift_table import drift_table
from platforms.ports import RegisteredModel
from platforms.windows import Windows
from tasks.checks.attribution import check_attribution
from tasks.checks.drift import check_drift, check_drift_together, check_prediction_drift
from tasks.checks.fairness import check_fairness
from tasks.checks.observed import Observed
from tasks.checks.performance import check_performance
from tasks.checks.quality import check_quality
from tasks.checks.service import check_service
from tasks.clock import now
from tasks.consequences import announce, keep, write_evidence
from tasks.context import Context, open_context
from tasks.datasets import read_holdout
from tasks.investigating import close_investigations, open_investigation
from tasks.judgement import Judgement, judge_window
from tasks.model_reference import read_model_reference
from tasks.observation import Window, read_window
from tasks.pictures import show_drift, show_drift_over_time
from tasks.reports import prune_reports, write_report
from tasks.spans import KEEP_WINDOWS, served_since, span_until, window_key
from tasks.story import tell, tell_table


@flow(name="monitor", flow_run_name="monitor-{workload}", description="Look at what production was asked and answered.")
def monitor(
    workload: WorkloadName,
    report: bool = True,
    until: Moment = None,
) -> str:
    """What was decided: roll_back, retrain, annotate, investigate, notify or nothing.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        report: Draw the Evidently report, too.
        until: When the window ends. Empty: when this run was due.
    """
    context = open_context(workload)
    champion = context.platform.models.by_alias(workload, CHAMPION)
    if champion is None:
        tell(context, "decision", f"### Nothing to watch yet\n\n{workload} has no champion: train and release one.")
        return "nothing"
    windows = Windows(context.platform.blobs, workload)
    reference = read_holdout(context, champion.tags[DATASET])
    span = _span(context, champion, until)
    window = read_window(context, champion, span.start, span.end)
    observed = Observed(context, champion, span, reference, window, read_model_reference(context, champion))
    drift = check_drift(observed)
    findings = [*drift_findings(drift), *_other_findings(observed, windows)]
    judgement = judge_window(context, champion, span, findings, windows)
    evidence = write_evidence(context, window, drift, judgement)
    report = report and bool(drift)
    announce(context, champion, drift, judgement)
    opened = open_investigation(context, champion, reference, window, judgement, evidence, report)
    keep(context, champion, window, judgement, windows, evidence, opened)
    close_investigations(context, champion, windows, span.end)
    _tell(context, champion, window, drift, judgement, opened)
    if drift:
        show_drift(context, reference, window, drift)
    show_drift_over_time(context, windows, span.end)
    windows.prune(span.end - KEEP_WINDOWS)
    if report:
        write_report(context, champion, reference, window, drift, judgement)
    prune_reports(context)
    return judgement.decision.action


def _other_findings(observed: Observed, windows: Windows) -> list[Finding]:
    """Of every check beside the columns' drift."""
    return [
        *check_drift_together(observed),
        *check_prediction_drift(observed),
        *check_quality(observed),
        *check_performance(observed),
        *check_fairness(observed),
        *check_attribution(observed),
        *check_service(observed, windows),
    ]


def _span(context: Context, champion: RegisteredModel, until: datetime | None) -> Span:
    """The window: it ends when the run was due, and never begins before the champion served.

    When it was due, not when it came to run: so the windows of a schedule lie end to end and do not overlap by seconds,
    and a run that is run again looks at the same one.
    """
    due: datetime | None = until or runtime.flow_run.scheduled_start_time
    end, served = min(due or now(), now()), served_since(champion)
    if served is not None and served >= end:
        end, until = now(), None  # it was promoted while the run waited
    key = window_key(champion.version, end) if until else f"{champion.version}-{runtime.flow_run.id or end.isoformat()}"
    return span_until(champion, context.workload.monitor.window, end, key)


def _tell(
    context: Context,
    champion: RegisteredModel,
    window: Window,
    drift: list[ColumnDrift],
    judgement: Judgement,
    investigation: str | None,
) -> None:
    decision = judgement.decision
    unclear = "\n".join(f"- {finding.message}" for finding in judgement.findings if not finding.conclusive)
    opened = f"Investigation `{investigation}` was opened.\n\n" if investigation else ""
    title = decision.action.replace("_", " ").capitalize()
    tell(
        context,
        "decision",
        f"### {title}: version {champion.version} of {context.name}\n\n{decision.reason}\n\n{opened}"
        f"Window {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC ({decision.outcome}): "
        f"{len(window.predictions)} predictions, {window.joined.labelled_share:.0%} of them labelled.\n\n{unclear}",
    )
    if drift:
        tell_table(context, "drift", drift_table(drift), "Drift by column, the worst first")
