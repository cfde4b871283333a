"""One workload's turn in a patrol: its window judged against the stored reference, or handed to `monitor`.

A window in which nothing is significant leaves the record, the ledger entry and the evidence that `monitor` would
leave, made by the same functions. Any other, and each while an investigation is open, is `monitor`'s: it draws, asks
what stands in the way, decides, and closes what is over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from lifecycle.base import Frozen
from lifecycle.investigation import Investigation
from lifecycle.names import CHAMPION
from lifecycle.tags import DATASET
from platforms.investigations import Investigations
from platforms.ports import RegisteredModel
from platforms.windows import Windows
from tasks.checks.performance import performance_by_labels
from tasks.consequences import keep, write_evidence
from tasks.context import Context
from tasks.judgement import judge_window
from tasks.observation import Window, read_window
from tasks.spans import KEEP_WINDOWS, last_tick, served_since, span_until, window_key
from tasks.stored_reference import stored_reference

Result = Literal["broken", "handed over", "inconclusive", "steady", "no champion", "not due"]


class Outcome(Frozen):
    """What a patrol found out about a workload. until: the end of the window that `monitor` is to judge."""

    workload: str
    result: Result
    detail: str = ""
    key: str | None = None
    until: datetime | None = None
    rows: int | None = None
    labelled: int | None = None


def look_at(context: Context, champion: RegisteredModel | None, due: datetime) -> Outcome:
    """Judge the workload's last window up to then, if nobody has. Whatever is wrong with it is raised.

    champion: where it is known already; else it is asked for.
    """
    monitor = context.workload.monitor
    champion = champion or context.platform.models.by_alias(context.name, CHAMPION)
    if champion is None:
        return Outcome(workload=context.name, result="no champion")
    end = last_tick(due, monitor.every or monitor.window)
    windows = Windows(context.platform.blobs, context.name)
    if windows.newest is not None and windows.newest >= end:
        return Outcome(workload=context.name, result="not due", detail=f"judged up to {windows.newest:%Y-%m-%d %H:%M}")
    served, key = served_since(champion), window_key(champion.version, end)
    if served is not None and served >= end:
        return Outcome(workload=context.name, result="not due", detail=f"version {champion.version} is younger")

    from monitoring.window_reference import check_inputs

    span = span_until(champion, monitor.window, end, key)
    reference = stored_reference(context, champion.tags[DATASET])
    window = read_window.fn(context, champion, span.start, span.end)
    drift, found = check_inputs(reference, window.inputs, minimum_rows=monitor.minimum_rows)
    findings = [*found, performance_by_labels(context, champion, window, reference.profile.rows)]
    told = [finding.message for finding in findings if finding.significant]
    told = told or [f"investigation {one.id} is open" for one in _opened(context)]
    if told:
        return _outcome(window, context, "handed over", "; ".join(told), key, end)
    judgement = judge_window.fn(context, champion, span, findings, windows)
    if judgement.decision.actions:  # more rows to learn from: `monitor` asks for what follows
        return _outcome(window, context, "handed over", judgement.decision.reason, key, end)
    evidence = write_evidence.fn(context, window, drift, judgement)
    keep(context, champion, window, judgement, windows, evidence, None)
    windows.prune(end - KEEP_WINDOWS)
    steady = judgement.decision.outcome == "steady"
    return _outcome(window, context, "steady" if steady else "inconclusive", judgement.decision.reason, key)


def _opened(context: Context) -> list[Investigation]:
    return Investigations(context.platform.blobs, context.name).opened()


def _outcome(
    window: Window, context: Context, result: Result, detail: str, key: str, until: datetime | None = None
) -> Outcome:
    return Outcome(
        workload=context.name,
        result=result,
        detail=detail,
        key=key,
        until=until,
        rows=len(window.predictions),
        labelled=len(window.joined.frame),
    )
