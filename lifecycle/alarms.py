"""From findings to alarms: confirmation in a second window, and the cooldown after one was told.

A *finding* is one window over its threshold, an *alarm* a confirmed one: the last conclusive window before this one
that shares no row with it saw the same of the same subject. "Last conclusive": a window that could not tell is passed
over, one that saw nothing breaks the chain.

Which kinds wait for a second window is the workload's policy (`monitor.confirm`). By default those do that test many
columns in every window (drift, attribution, fairness) or rest on an assumption (an estimated performance): there
a lone excess is mostly chance, a season or a batch. A realised loss of performance acts at once: it is one
metric, not many columns; its interval, of 99 %, must exclude what the champion promised, and the loss must be
larger than is tolerated besides; its labels come late as it is, and a second window would double the time in which
wrong answers are given. What a false one costs is bounded: a retraining, whose model must still win.
Broken data and a failing service act at once, since each answer is concerned.

Windows that slide are looked at more often than they are new. Of a day's windows that chance pushes over their
threshold once in 200, seen every hour, 34 days in 1,000 hold a finding, and 3 in 10,000 an alarm (days end to end: 5 in
1,000, and 2 in 100,000): simulated on independent rows, and held to by tests/lifecycle/test_alarms.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from pydantic import Field

from lifecycle.base import Frozen
from lifecycle.findings import Finding
from lifecycle.windows import Alarm, History, Outcome, WindowRecord
from lifecycle.workload import Monitor

MEMORY = 10  # a finding that so many windows' time could neither confirm nor deny is forgotten


class Span(Frozen):
    """The window that is judged."""

    key: str
    start: datetime
    end: datetime
    model_version: int


class Judged(Frozen):
    """What of a window's findings is an alarm."""

    raised: tuple[Alarm, ...] = ()  # new, or told so long ago that they are told again
    standing: tuple[Alarm, ...] = ()  # told within the cooldown, and still seen
    awaiting: tuple[Finding, ...] = ()  # seen, and not confirmed yet
    quiet: tuple[Alarm, ...] = ()  # told within the cooldown, and not seen now: remembered, so as not to flicker
    # When an action was last asked for, for this model version.
    asked: dict[str, datetime] = Field(default_factory=dict)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All that hold now."""
        return self.raised + self.standing


def judge(span: Span, findings: Sequence[Finding], monitor: Monitor, history: History) -> Judged:
    """The findings of the window, judged by the records of windows before it. The window's own record never counts."""
    last = next(_of_this_version(span, monitor, history, span.end), None)
    told = {alarm.about: alarm for alarm in last.alarms} if last is not None else {}
    wait = cooldown(monitor)
    raised, standing, awaiting = [], [], []
    for finding in findings:
        if not finding.significant:
            continue
        known = told.get(finding.about)
        if known is not None and span.end - known.told_at < wait:
            standing.append(known.model_copy(update={"message": finding.message}))
            continue
        confirms = None
        if finding.kind in monitor.confirm:
            confirms = _confirmed_by(finding, span, monitor, history)
            if confirms is None:
                awaiting.append(finding)
                continue
        raised.append(
            Alarm(
                kind=finding.kind,
                subject=finding.subject,
                told_at=span.end,
                message=finding.message,
                confirms=confirms,
            )
        )
    seen = {alarm.about for alarm in (*raised, *standing)}
    quiet = [alarm for alarm in told.values() if alarm.about not in seen and span.end - alarm.told_at < wait]
    return Judged(
        raised=tuple(raised),
        standing=tuple(standing),
        awaiting=tuple(awaiting),
        quiet=tuple(quiet),
        asked=last.asked if last is not None else {},
    )


def cooldown(monitor: Monitor) -> timedelta:
    """How long the same alarm is not told again, and the same action not asked for again."""
    return monitor.cooldown or monitor.window


def outcome_of(findings: Sequence[Finding], judged: Judged) -> Outcome:
    """The window in a word. Inconclusive, where a check could not tell and none told anything, is not steady."""
    if judged.alarms:
        return "alarm"
    if judged.awaiting:
        return "finding"
    return "steady" if all(finding.conclusive for finding in findings) else "inconclusive"


def _confirmed_by(finding: Finding, span: Span, monitor: Monitor, history: History) -> str | None:
    """The key of the window that saw the same before; None where the last that could tell saw nothing."""
    for record in _of_this_version(span, monitor, history, span.start):
        seen = record.finding(finding.about)
        if seen is not None:
            return record.key if seen.significant else None
    return None


def _of_this_version(span: Span, monitor: Monitor, history: History, moment: datetime) -> Iterator[WindowRecord]:
    """The records that ended by the moment, the newest first, while they are of this model version and not too old."""
    oldest = span.start - MEMORY * monitor.window

    def counts(record: WindowRecord) -> bool:
        return record.model_version == span.model_version and record.end >= oldest

    return takewhile(counts, (record for record in history.before(moment) if record.key != span.key))
