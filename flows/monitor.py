"""monitor: the latest predictions and labels become findings, the findings a decision, the decision an event."""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect import flow, runtime

from flows.parameters import WorkloadName
from lifecycle.alarms import Span
from lifecycle.names import CHAMPION
from lifecycle.tags import DATASET, PROMOTED_AT
from monitoring.drift import ColumnDrift, drift_findings
from platforms.ports import RegisteredModel
from platforms.windows import Windows
from tasks.consequences import announce, keep, write_evidence
from tasks.context import Context, open_context
from tasks.datasets import read_holdout
from tasks.investigating import close_investigations, open_investigation
from tasks.judgement import Judgement, judge_window
from tasks.observation import Window, as_rows, check_drift, check_fitness, check_performance, read_window
from tasks.pictures import show_drift, show_drift_over_time
from tasks.reports import prune_reports, write_report
from tasks.story import now, tell, tell_table

KEEP_WINDOWS = timedelta(days=180)


@flow(name="monitor", flow_run_name="monitor-{workload}", description="Look at what production was asked and answered.")
def monitor(
    workload: WorkloadName,
    report: bool = True,
) -> str:
    """What was decided: roll_back, retrain, annotate, investigate, notify or nothing.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        report: Draw the Evidently report, too.
    """
    context = open_context(workload)
    champion = context.platform.models.by_alias(workload, CHAMPION)
    if champion is None:
        tell(context, "decision", f"### Nothing to watch yet\n\n{workload} has no champion: train and release one.")
        return "nothing"
    windows = Windows(context.platform.blobs, workload)
    reference = read_holdout(context, champion.tags[DATASET])
    span = _span(context, champion)
    window = read_window(context, champion, span.start, span.end)
    drift = check_drift(context, reference, window)
    findings = [
        *drift_findings(drift),
        *check_fitness(context, reference, window),
        check_performance(context, champion, window),
    ]
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
        write_report(context, champion, window, drift, judgement)
    prune_reports(context)
    return judgement.decision.action


def _span(context: Context, champion: RegisteredModel) -> Span:
    """The window: it ends when the run was due, and never begins before the champion served.

    When it was due, not when it came to run: so the windows of a schedule lie end to end and do not overlap by seconds,
    and a run that is run again looks at the same one.
    """
    due: datetime | None = runtime.flow_run.scheduled_start_time
    end = min(due or now(), now())
    promoted = champion.tags.get(PROMOTED_AT)
    served = datetime.fromisoformat(promoted) if promoted else None
    if served is not None and served >= end:
        end = now()  # it was promoted while the run waited
    start = end - context.workload.monitor.window
    start = max(start, served) if served else start
    key = f"{champion.version}-{runtime.flow_run.id or end.isoformat()}"
    return Span(key=key, start=start, end=end, model_version=champion.version)


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
        tell_table(context, "drift", as_rows(drift), "Drift by column, the worst first")
