"""The service's policy for the year: its findings, its alarms, its decision, under its default workload."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from benchmarks.simulated_year.learning import WORKLOAD
from benchmarks.simulated_year.sighting import Reference, at, findings_of, labelled_by_champion, reference_of
from benchmarks.simulated_year.year import Evening, Retraining
from lifecycle.alarms import Judged, Span, judge
from lifecycle.decision import Circumstances, Decision, decide, losses
from lifecycle.findings import Finding
from lifecycle.spending import JobUsage, unaffordable
from lifecycle.sufficiency import enough_rows, grown_to, too_few_since
from lifecycle.windows import Alarm, WindowRecord
from monitoring.onset import onset

WEEK = timedelta(days=7)


class Records:
    """Windows' records, in memory: a `lifecycle.windows.History`."""

    def __init__(self) -> None:
        self._records: list[WindowRecord] = []

    def add(self, record: WindowRecord) -> None:
        """Windows come in the order of their ends."""
        self._records.append(record)

    def before(self, moment: datetime) -> Iterator[WindowRecord]:
        return (record for record in reversed(self._records) if record.end <= moment)


class Ours:
    """Perennial. A retraining learns from the labelled rows since the loss began, once there are enough of them."""

    name, gated = "perennial", True

    def __init__(self, *, since_onset: bool = True) -> None:
        """since_onset: else a retraining takes all labelled rows there are, as many as policies without signals do."""
        self._since_onset = since_onset
        if not since_onset:
            self.name = "perennial, on all rows"
        self._records = Records()
        self._jobs: list[JobUsage] = []
        self._tried = 0  # rows of the last candidate that this champion won against
        self._reference: tuple[int, Reference] | None = None
        self.decisions: list[Decision] = []

    def rows(self, evening: Evening) -> np.ndarray | None:
        findings = findings_of(evening, self._reference_of(evening))
        span = Span(
            key=f"{evening.champion.version}-{evening.now}",
            start=at(evening.now - 1),
            end=at(evening.now),
            model_version=evening.champion.version,
        )
        judged = judge(span, findings, WORKLOAD.monitor, self._records)
        rows, circumstances = self._circumstances(evening, findings, judged)
        decision = decide(WORKLOAD, findings, judged, circumstances)
        self.decisions.append(decision)
        self._keep(evening, span, findings, judged, decision)
        return rows if "retrain" in decision.actions else None

    def trained(self, retraining: Retraining) -> None:
        self._jobs.append(
            JobUsage(job=f"job-{len(self._jobs)}", ended_at=at(retraining.day + 1), seconds=retraining.seconds)
        )
        self._tried = 0 if retraining.promoted else retraining.rows

    def _reference_of(self, evening: Evening) -> Reference:
        version = evening.champion.version
        if self._reference is None or self._reference[0] != version:
            self._reference = (version, reference_of(evening.world, evening.champion))
        return self._reference[1]

    def _circumstances(
        self, evening: Evening, findings: list[Finding], judged: Judged
    ) -> tuple[np.ndarray, Circumstances]:
        now, world, too_few, grown = at(evening.now), evening.world, None, None
        lost = losses(findings, judged.alarms)
        if not self._since_onset:
            rows = world.learnable(evening.now)
        elif lost:
            rows = world.learnable(evening.now, self._loss_began(evening, lost))
            too_few = too_few_since(len(rows), enough_rows(len(world.learnable(evening.now))))
        else:
            rows = world.learnable(evening.now, evening.champion.learnt_since)
            if evening.champion.version > 1:  # the first learnt from all there was
                grown = grown_to(max(self._tried, evening.champion.rows), len(rows))
        this_week = sum(job.ended_at >= now - WEEK for job in self._jobs)
        spent = unaffordable(WORKLOAD.budget, this_week, self._jobs, now)
        return rows, Circumstances(now=now, unaffordable=spent, too_few=too_few, grown=grown)

    def _loss_began(self, evening: Evening, lost: list[Alarm]) -> float:
        """In days since the year began: by the labels where they show the loss, else by the estimates before."""
        world = evening.world
        if not any(alarm.kind == "performance" for alarm in lost):
            return self._estimate_fell(evening)
        rows = labelled_by_champion(evening)
        squared = (evening.log.probability[rows] - world.label[rows]) ** 2
        return float(world.made_at[rows[onset(squared)]])

    def _estimate_fell(self, evening: Evening) -> float:
        """The beginning of the unbroken run of this version's windows, up to this one, that estimated a loss."""
        day = evening.now - 1
        for record in self._records.before(at(evening.now - 1)):
            estimated = [found for found in record.findings if found.kind == "estimate"]
            if record.model_version != evening.champion.version or not any(found.significant for found in estimated):
                break
            day -= 1
        return float(day)

    def _keep(self, evening: Evening, span: Span, findings: list[Finding], judged: Judged, decision: Decision) -> None:
        asked = {"retrain": span.end} if "retrain" in decision.actions else {}
        self._records.add(
            WindowRecord(
                key=span.key,
                workload=WORKLOAD.name,
                start=span.start,
                end=span.end,
                rows=0,
                labelled=0,
                model_version=span.model_version,
                dataset_version=str(len(evening.champion.trained)),
                findings=tuple(findings),
                alarms=(*judged.raised, *judged.standing, *judged.quiet),
                asked={**judged.asked, **asked},
                outcome=decision.outcome,
                evidence="none",
            )
        )
