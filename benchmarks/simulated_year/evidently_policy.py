"""Retraining on every alarm of Evidently's DataDriftPreset, by its defaults: the day against what the champion learnt.

The preset's alarm is that half of the columns drifted. Since that is hardly ever so, its columns' own verdicts are the
alarm of a second policy: any column. The verdicts are made by Evidently's own tests, without the preset's pictures,
which take fifty times as long; on every `CHECKED`th day they are held to the preset itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.simulated_year.baselines import newest
from benchmarks.simulated_year.world import COLUMNS
from benchmarks.simulated_year.year import Evening, Retraining

REFERENCE_ROWS = 5000  # the newest that the champion was trained on
CHECKED = 120


class OnEvidently:
    """Needs Evidently, whose import takes seconds."""

    gated = True

    def __init__(self, *, any_column: bool) -> None:
        self.name = "evidently, any column" if any_column else "evidently, its preset"
        self._any_column = any_column

    def rows(self, evening: Evening) -> np.ndarray | None:
        features, champion = evening.world.features, evening.champion
        reference = features.iloc[champion.trained[-REFERENCE_ROWS:]]
        current = features.iloc[evening.world.between(evening.now - 1, evening.now)]
        drifted = drifted_columns(reference, current)
        if evening.now % CHECKED == 0:
            assert drifted == preset_drifted_columns(reference, current), "these are not the preset's verdicts"
        alarm = drifted > 0 if self._any_column else drifted >= len(COLUMNS) / 2
        return newest(evening) if alarm else None

    def trained(self, retraining: Retraining) -> None: ...


def drifted_columns(reference: pd.DataFrame, current: pd.DataFrame) -> int:
    """How many columns drifted by the tests that the preset chooses by default."""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    drifted = 0
    for column in COLUMNS:
        kind = ColumnType.Numerical if column.numeric else ColumnType.Categorical
        then, now = reference[column.name].dropna(), current[column.name].dropna()
        drifted += bool(get_stattest(then, now, kind, None)(then, now, kind, None).drifted)
    return drifted


def preset_drifted_columns(reference: pd.DataFrame, current: pd.DataFrame) -> int:
    """The same, by the preset."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=[column.name for column in COLUMNS if column.numeric],
        categorical_columns=[column.name for column in COLUMNS if not column.numeric],
    )
    snapshot = Report([DataDriftPreset()]).run(
        Dataset.from_pandas(current, data_definition=definition),
        Dataset.from_pandas(reference, data_definition=definition),
    )
    metrics: list[dict[str, Any]] = snapshot.dict()["metrics"]
    value = next(one["value"] for one in metrics if one["config"]["type"].endswith("DriftedColumnsCount"))
    return int(value["count"])
