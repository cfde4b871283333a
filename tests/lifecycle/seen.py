"""Findings, windows and their history, made up: hours after a midnight stand for times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from lifecycle.alarms import Span
from lifecycle.findings import Finding, FindingKind
from lifecycle.windows import Alarm, WindowRecord
from lifecycle.workload import Budget, Data, Monitor, Workload

MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def workload(budget: Budget | None = None, **monitor: object) -> Workload:
    data = Data(raw="raw/", label="y")
    settings = Monitor(**monitor)  # type: ignore[arg-type]
    return Workload(name="toy", kind="classification", data=data, monitor=settings, budget=budget or Budget())


def finding(
    kind: FindingKind = "drift",
    significant: bool = True,
    conclusive: bool = True,
    subject: str = "Age",
    score: float = 1.0,
) -> Finding:
    return Finding(
        kind=kind,
        subject=subject,
        score=score,
        threshold=0.5,
        significant=significant,
        conclusive=conclusive,
        message=f"{kind} was {'seen' if significant else 'not seen'}",
    )


def alarm(kind: FindingKind = "drift", subject: str = "Age", told_at: float = 0) -> Alarm:
    return Alarm(kind=kind, subject=subject, told_at=at(told_at), message=f"{kind} was seen")


def record(start: float, end: float, *findings: Finding, **more: object) -> WindowRecord:
    fields: dict[str, object] = {"alarms": (), "asked": {}, "outcome": "steady", "model_version": 1, **more}
    return WindowRecord(
        key=f"{start:g}-{end:g}",
        workload="toy",
        start=at(start),
        end=at(end),
        rows=1000,
        labelled=0,
        dataset_version="d",
        findings=findings,
        evidence="blob",
        **fields,  # type: ignore[arg-type]
    )


def span(start: float, end: float, model_version: int = 1) -> Span:
    return Span(key=f"{start:g}-{end:g}", start=at(start), end=at(end), model_version=model_version)


class Past:
    """A history that counts what is read of it."""

    def __init__(self, records: Sequence[WindowRecord] = ()) -> None:
        self.records = sorted(records, key=lambda one: one.end)
        self.read = 0

    def before(self, moment: datetime) -> Iterator[WindowRecord]:
        for one in reversed(self.records):
            if one.end <= moment:
                self.read += 1
                yield one
