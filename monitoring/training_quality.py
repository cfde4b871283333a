"""The quality of the rows that a model was trained on: against limits, and against what the champion was trained on.

The second is `monitoring.window_quality`, which monitoring holds windows to: shares that rose by more than chance and
batches make of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from lifecycle.columns import Column
from lifecycle.suite import TrainingDataLimits
from monitoring.window_quality import QualityReference, quality_findings, quality_reference

_LIMITED = {
    "missing values of ": "missing",
    "invalid values of ": "invalid",
    "new categories of ": "unseen",
    "copied rows": "copied",
}


@dataclass(frozen=True)
class QualityFact:
    """A share (0..1) of bad rows. limit: the most that is allowed, None where nothing is; broken: it is beyond that."""

    subject: str
    share: float
    champion: float | None
    limit: float | None
    broken: bool
    message: str


def training_quality(
    rows: pd.DataFrame, champion: pd.DataFrame | None, columns: Sequence[Column], limits: TrainingDataLimits
) -> list[QualityFact]:
    """A fact for each column's missing, invalid and unseen values, and for copies. The oldest rows first.

    Against the champion's rows where there are such; columns that these lack are held to the limits alone. New
    categories are what a retraining is for: only the limit on their share holds them.
    """
    own = quality_reference(rows, columns)
    facts = {share.subject: share.bad / max(len(rows), 1) for share in own.shares}
    facts = {subject: share for subject, share in facts.items() if not subject.startswith("new categories of ")}
    theirs: dict[str, float] = {}
    risen: dict[str, str] = {}
    if champion is not None:
        shared = [column for column in columns if column.name in champion.columns]
        reference = quality_reference(champion, shared)
        theirs = {share.subject: share.bad / max(len(champion), 1) for share in reference.shares}
        for subject, share, told in _against(reference, rows):
            facts[subject] = share
            if told and not subject.startswith("new categories of "):
                risen[subject] = told
    than_champion = risen if limits.than_champion else {}
    return [_fact(subject, share, theirs.get(subject), limits, than_champion) for subject, share in facts.items()]


def _against(reference: QualityReference, rows: pd.DataFrame) -> Iterator[tuple[str, float, str]]:
    """Subject, share, and in words that it rose by more than chance, or nothing."""
    for found in quality_findings(reference, rows):
        if found.score is not None:
            yield found.subject, found.score, found.message if found.significant else ""


def _fact(
    subject: str, share: float, champion: float | None, limits: TrainingDataLimits, risen: dict[str, str]
) -> QualityFact:
    field = next(name for start, name in _LIMITED.items() if subject.startswith(start))
    limit: float | None = getattr(limits, field)
    told = f"{subject} in {share:.2%} of the rows"
    if limit is not None and share > limit:
        return QualityFact(subject, share, champion, limit, True, f"{told}, at most {limit:.2%} may be")
    if subject in risen:
        return QualityFact(subject, share, champion, limit, True, f"more than the champion learnt: {risen[subject]}")
    return QualityFact(subject, share, champion, limit, False, told)
