"""All that a window's inputs are held against, as one small record: made once a dataset version, kept as JSON.

A check of many windows then reads no row of the reference. The verdicts are those of a check against the rows
themselves: the record is made of them by the same functions.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column
from lifecycle.findings import Finding
from monitoring.drift import ColumnDrift, drift_findings, score_columns
from monitoring.profile import Profile, reference_profile
from monitoring.window_quality import QualityReference, quality_findings, quality_reference


class WindowReference(Frozen):
    """columns: of the dataset version. profile: without what only the classical statistics need."""

    columns: tuple[Column, ...]
    profile: Profile
    quality: QualityReference


def window_reference(features: pd.DataFrame, columns: Sequence[Column]) -> WindowReference:
    """Of rows nobody trained on, the oldest first. SchemaMismatch where one of the columns is missing."""
    return WindowReference(
        columns=tuple(columns),
        profile=reference_profile(features, columns).for_decisions(),
        quality=quality_reference(features, columns),
    )


def check_inputs(
    reference: WindowReference, inputs: pd.DataFrame, *, minimum_rows: int
) -> tuple[list[ColumnDrift], list[Finding]]:
    """How each column compares, and the findings of drift and of data quality. Of a window without a row: none.

    SchemaMismatch where the window lacks a column.
    """
    if inputs.empty:
        return [], []
    drift = score_columns(reference.profile, inputs, minimum_rows=minimum_rows)
    quality = quality_findings(reference.quality, inputs, minimum_rows=minimum_rows)
    return drift, [*drift_findings(drift), *quality]
