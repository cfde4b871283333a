"""What every signal comes to in the end: measured, held against a limit, and told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lifecycle.findings import Finding, FindingKind


@dataclass(frozen=True)
class Judgement:
    """What `finding` makes a finding of.

    score, threshold: what was measured and what it was held against; None where there was nothing to measure.
    significant: beyond the threshold by more than chance; only ever together with conclusive. conclusive: there was
    enough to tell. message: one sentence for people, without its full stop.
    """

    subject: str
    score: float | None
    threshold: float | None
    significant: bool
    conclusive: bool
    message: str

    @property
    def verdict(self) -> str:
        """In a word: significant, fine or inconclusive."""
        return "significant" if self.significant else "fine" if self.conclusive else "inconclusive"


def inconclusive(subject: str, message: str, score: float | None = None, threshold: float | None = None) -> Judgement:
    """That the window cannot tell, and why."""
    return Judgement(subject, score, threshold, False, False, message)


def finding(kind: FindingKind, judged: Judgement, **more: Any) -> Finding:
    """The judgement as a finding of that kind; more: its further fields."""
    return Finding(kind=kind, **asdict(judged), **more)
