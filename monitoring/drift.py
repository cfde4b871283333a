"""Does a window still look like the reference? Column by column, against what chance alone would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lifecycle.columns import ColumnType
from lifecycle.findings import Finding
from monitoring.calibration import chance_distance, chance_missing, dispersion_at
from monitoring.classical import classical_scores
from monitoring.counts import ColumnCounts, WindowCounts, count_window, fingerprint
from monitoring.profile import ColumnProfile, Profile, reference_profile

__all__ = ["ColumnDrift", "Profile", "count_window", "drift_findings", "reference_profile", "score_columns"]

MINIMUM_ROWS = 300
MISSING_FLOOR = 0.05  # a missing rate that moved by less is of no consequence


@dataclass(frozen=True)
class ColumnDrift:
    """How one column of a window compares with the reference.

    score, threshold: the distance of the values present and what it is held against; None where too few rows or
    no reference values allow none. missing_rate, reference_missing_rate: 0..1, of null, infinite and unreadable
    values; their difference is held against missing_threshold. rows: of the window, with a value or without.
    conclusive: the values could be judged. Inconclusive is never fine. classical: statistics by Evidently's names, told
    beside the score because people know them; they decide nothing (see `monitoring.classical`).
    """

    column: str
    type: ColumnType
    statistic: str
    score: float | None
    threshold: float | None
    values_drifted: bool
    missing_rate: float
    reference_missing_rate: float
    missing_threshold: float | None
    missing_drifted: bool
    rows: int
    conclusive: bool
    reason: str
    classical: Mapping[str, float] = field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        """By its values or by how many are missing."""
        return self.values_drifted or self.missing_drifted

    @property
    def verdict(self) -> str:
        """In words: drifted, steady or inconclusive, and why."""
        if self.drifted:
            causes = ["values"] * self.values_drifted + ["missing"] * self.missing_drifted
            return f"drifted ({' and '.join(causes)})"
        return "steady" if self.conclusive else f"inconclusive: {self.reason}"


def score_columns(
    profile: Profile,
    current: pd.DataFrame | WindowCounts,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    false_alarms: float = 0.005,
    seed: int = 0,
) -> list[ColumnDrift]:
    """Every column of the profile, in its order.

    false_alarms: the probability that a drift-free window alarms on any column at all; each test of values and of
    missing rates gets its even share (Bonferroni). Below `minimum_rows` values, a column is inconclusive.
    current: the window's rows, or their counts by this profile (`count_window`), which may have been made in parts.
    Raises SchemaMismatch where the window lacks a column, ValueError where the counts are by another profile.
    """
    counts = current if isinstance(current, WindowCounts) else count_window(profile, current)
    if counts.profile != fingerprint(profile):
        raise ValueError("the window was counted by another profile; count it anew by this one")
    share = false_alarms / max(1, 2 * len(profile.columns))
    rngs = np.random.default_rng(seed).spawn(len(profile.columns))
    return [
        _score(column, counted, minimum_rows, share, rng)
        for column, counted, rng in zip(profile.columns, counts.columns, rngs, strict=True)
    ]


def drift_findings(drifts: Sequence[ColumnDrift]) -> list[Finding]:
    """One finding a column. A drifted missing rate is told where the values are quiet."""
    return [_finding(drift) for drift in drifts]


def _score(
    reference: ColumnProfile, counts: ColumnCounts, minimum_rows: int, false_alarms: float, rng: np.random.Generator
) -> ColumnDrift:
    rows, present = counts.rows, counts.present
    missing_rate = counts.missing / rows if rows else 0.0
    missing_threshold = None
    if rows >= minimum_rows and reference.rows >= minimum_rows:
        chance = chance_missing(reference.missing, reference.rows, rows, false_alarms)
        missing_threshold = max(MISSING_FLOOR, chance)
    missing_drifted = missing_threshold is not None and abs(missing_rate - reference.missing_rate) > missing_threshold
    score, threshold = None, None
    reason = _doubt(reference, present, minimum_rows)
    if not reason and reference.cells is not None:
        score = float(reference.cells.distance(np.asarray([counts.cells]))[0])
        chance = chance_distance(reference.cells, present, false_alarms, rng, reference.tail)
        threshold = max(reference.cells.floor, chance * dispersion_at(reference.dispersion, present))
    return ColumnDrift(
        column=reference.name,
        type=reference.type,
        statistic=reference.cells.statistic if reference.cells is not None else "none",
        score=score,
        threshold=threshold,
        values_drifted=score is not None and threshold is not None and score > threshold,
        missing_rate=missing_rate,
        reference_missing_rate=reference.missing_rate,
        missing_threshold=missing_threshold,
        missing_drifted=missing_drifted,
        rows=rows,
        conclusive=score is not None,
        reason=reason,
        classical=classical_scores(reference, counts),
    )


def _doubt(reference: ColumnProfile, present: int, minimum_rows: int) -> str:
    """Why the values cannot be judged, or nothing."""
    if reference.present < minimum_rows:
        return f"the reference holds {reference.present} values, fewer than {minimum_rows}"
    if present < minimum_rows:
        return f"the window holds {present} values, fewer than {minimum_rows}"
    return ""


def _finding(drift: ColumnDrift) -> Finding:
    score, threshold = drift.score, drift.threshold
    missing = (
        f"{drift.missing_rate:.1%} of {drift.column} is missing, {drift.reference_missing_rate:.1%} in the reference"
    )
    if drift.values_drifted:
        message = f"{drift.column} drifted: {drift.statistic} {score:.3f} over {threshold:.3f} on {drift.rows} rows"
        message += f"; {missing}" if drift.missing_drifted else ""
    elif drift.missing_drifted:
        # The score that a finding bears is what it is about: here, how far the missing rate moved.
        score, threshold = abs(drift.missing_rate - drift.reference_missing_rate), drift.missing_threshold
        message = f"{missing} (on {drift.rows} rows)"
    elif drift.conclusive:
        message = f"{drift.column} is steady: {drift.statistic} {score:.3f}, threshold {threshold:.3f}"
    else:
        message = f"{drift.column} cannot be judged: {drift.reason}"
    return Finding(
        kind="drift",
        subject=drift.column,
        score=score,
        threshold=threshold,
        significant=drift.drifted,
        conclusive=drift.conclusive or drift.missing_drifted,
        message=message,
    )
