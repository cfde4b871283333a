"""From findings to alarms by the service's own rule, windows and records in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from lifecycle.alarms import Span, judge
from lifecycle.findings import Finding
from lifecycle.windows import WindowRecord
from lifecycle.workload import Monitor

CONFIRMED = Monitor(every=timedelta(days=1), window=timedelta(days=1))
AT_ONCE = CONFIRMED.model_copy(update={"confirm": ()})
_START = datetime(2026, 1, 1, tzinfo=UTC)


class _Records:
    """A history that nobody prunes."""

    def __init__(self) -> None:
        self.written: list[WindowRecord] = []

    def before(self, moment: datetime) -> Iterator[WindowRecord]:
        return (record for record in reversed(self.written) if record.end <= moment)


def alarmed(windows: Sequence[Sequence[Finding]], policy: Monitor) -> list[frozenset[str]]:
    """The subjects of the alarms that hold in each of the windows, which lie end to end."""
    records, found = _Records(), []
    for place, findings in enumerate(windows):
        start = _START + place * policy.window
        span = Span(key=str(place), start=start, end=start + policy.window, model_version=1)
        judged = judge(span, findings, policy, records)
        found.append(frozenset(alarm.subject for alarm in judged.alarms))
        records.written.append(
            WindowRecord(
                key=span.key,
                workload="simulated",
                start=span.start,
                end=span.end,
                rows=0,
                labelled=0,
                model_version=1,
                dataset_version="simulated",
                findings=tuple(findings),
                alarms=judged.raised + judged.standing + judged.quiet,
                asked={},
                outcome="steady",
                evidence="none",
            )
        )
    return found
