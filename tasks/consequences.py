"""What follows from a judgement: events that triggers answer, the ledger's entry, the window's record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lifecycle.decision import Decision
from lifecycle.names import evidence_blob
from lifecycle.tags import DATASET
from lifecycle.windows import WindowRecord
from monitoring.drift import ColumnDrift
from platforms.ports import RegisteredModel
from platforms.windows import Windows
from tasks.context import Context
from tasks.judgement import Judgement
from tasks.observation import Window
from tasks.step import step
from tasks.story import emit, record

# What an action asks for, and the event that asks.
REQUESTS = {
    "roll_back": "perennial.rollback.requested",
    "retrain": "perennial.retraining.requested",
    "annotate": "perennial.annotation.requested",
}


@step(name="write evidence")
def write_evidence(context: Context, window: Window, drift: Sequence[ColumnDrift], judgement: Judgement) -> str:
    """What the findings rest on, column by column; the blob's name."""
    content = {
        "window": {"start": window.start.isoformat(), "end": window.end.isoformat(), "rows": len(window.predictions)},
        "columns": [asdict(column) for column in drift],
        "findings": [finding.model_dump(mode="json") for finding in judgement.findings],
    }
    name = evidence_blob(context.name, judgement.key)
    context.platform.blobs.put_if_absent(name, json.dumps(content, indent=1, default=_plain).encode())
    return name


def announce(context: Context, champion: RegisteredModel, drift: Sequence[ColumnDrift], judgement: Judgement) -> None:
    """The events of what was seen, and of what is asked for because of it. Told again, they are the same events."""
    key, raised = judgement.key, judgement.judged.raised
    version = {"model_version": champion.version}
    drifted = {column.column: _score(column) for column in drift if column.drifted}
    if drifted:
        confirmed = [alarm.subject for alarm in judgement.judged.alarms if alarm.kind == "drift"]
        emit(context, "perennial.drift.detected", key, {**version, "columns": drifted, "confirmed": confirmed})
    lost = [one.message for one in judgement.findings if one.kind == "performance" and one.significant]
    if lost:
        emit(context, "perennial.performance.degraded", key, {**version, "message": "; ".join(lost)})
    if raised:
        message = "; ".join(alarm.message for alarm in raised)
        told = {"message": message, "action": judgement.decision.action, "subjects": [one.subject for one in raised]}
        emit(context, "perennial.alarm.raised", key, {**version, **told})
    for action in _asked_for(judgement.decision):
        asked = {**version, "leave": str(champion.version), "reason": judgement.decision.reason[:4000]}
        start, end = judgement.span.start.isoformat(), judgement.span.end.isoformat()
        since = "" if judgement.decision.since is None else judgement.decision.since.isoformat()
        emit(context, REQUESTS[action], key, {**asked, "start": start, "end": end, "since": since})


def keep(
    context: Context,
    champion: RegisteredModel,
    window: Window,
    judgement: Judgement,
    windows: Windows,
    evidence: str,
    investigation: str | None,
) -> None:
    """The ledger's entry and, last, the window's record: by it, later windows know that this one was dealt with."""
    span, judged, decision = judgement.span, judgement.judged, judgement.decision
    numbers = {"rows": len(window.predictions), "labelled": len(window.joined.frame)}
    record(
        context,
        "decided",
        judgement.key,
        f"{decision.action}: {decision.reason}",
        by="policy",
        model_version=champion.version,
        dataset_version=champion.tags[DATASET],
        evidence={
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            **numbers,
            "findings": _json(judgement.findings),
            "raised": _json(judged.raised),
            "standing": _json(judged.standing),
            "awaiting": _json(judged.awaiting),
            "decision": decision.model_dump(mode="json"),
            "blob": evidence,
            "investigation": investigation,
        },
    )
    windows.write(
        WindowRecord(
            key=judgement.key,
            workload=context.name,
            start=span.start,
            end=span.end,
            **numbers,
            model_version=champion.version,
            dataset_version=champion.tags[DATASET],
            findings=judgement.findings,
            alarms=(*judged.raised, *judged.standing, *judged.quiet),
            asked={**judged.asked, **dict.fromkeys(_asked_for(decision), span.end)},
            outcome=decision.outcome,
            evidence=evidence,
        )
    )


def _asked_for(decision: Decision) -> list[str]:
    return [action for action in decision.actions if action in REQUESTS]


def _json(models: Sequence[Any]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json") for one in models]


def _score(column: ColumnDrift) -> dict[str, float]:
    """What `values` moved by or, where only their absence did, the missing rate."""
    if column.values_drifted or column.missing_threshold is None:
        score, threshold = column.score or 0.0, column.threshold or 0.0
    else:
        score, threshold = abs(column.missing_rate - column.reference_missing_rate), column.missing_threshold
    return {"score": round(score, 6), "threshold": round(threshold, 6)}


def _plain(value: Any) -> Any:
    """Numpy's numbers as Python's; anything else as its words."""
    return value.item() if hasattr(value, "item") else str(value)
