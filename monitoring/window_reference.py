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
from monitoring.fitness import FitnessReference, fitness_findings, fitness_reference
from monitoring.profile import Profile, reference_profile


class WindowReference(Frozen):
    """columns: of the dataset version. profile: without what only the classical statistics need."""

    columns: tuple[Column, ...]
    profile: Profile
    fitness: FitnessReference


def window_reference(features: pd.DataFrame, columns: Sequence[Column]) -> WindowReference:
    """Of rows nobody trained on, the oldest first. SchemaMismatch where one of the columns is missing."""
    return WindowReference(
        columns=tuple(columns),
        profile=reference_profile(features, columns).for_decisions(),
        fitness=fitness_reference(features, columns),
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
    unfit = fitness_findings(reference.fitness, inputs, reference.columns, minimum_rows=minimum_rows)
    return drift, [*drift_findings(drift), *unfit]
