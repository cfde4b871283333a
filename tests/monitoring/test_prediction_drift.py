"""Predictions are compared with those on the hold-out, like any column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monitoring.drift import drift_findings
from monitoring.prediction_drift import prediction_frame, prediction_profile, score_predictions

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


def probabilities(rows: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return 1 / (1 + np.exp(-np.random.default_rng(seed).normal(shift, 1, rows)))


def test_two_classes_drift_by_prediction_and_probability() -> None:
    def frame(seed: int, shift: float = 0.0) -> pd.DataFrame:
        said = probabilities(2000, seed, shift)
        return prediction_frame("classification", (said > 0.5).astype(int), said, [0, 1])

    profile = prediction_profile("classification", frame(0), [0, 1])
    steady = score_predictions(profile, frame(1))
    assert [(drift.column, drift.drifted) for drift in steady] == [("prediction", False), ("probability of 1", False)]
    moved = score_predictions(profile, frame(2, shift=1.0))
    assert all(drift.drifted for drift in moved)
    assert [finding.subject for finding in drift_findings(moved) if finding.significant] == [
        "prediction",
        "probability of 1",
    ]


def test_many_classes_have_a_column_each_and_regressions_one() -> None:
    matrix = np.random.default_rng(0).dirichlet([1, 1, 1], 400)
    frame = prediction_frame("classification", matrix.argmax(axis=1), matrix, list("abc"))
    assert list(frame) == ["prediction", "probability of a", "probability of b", "probability of c"]
    values = np.random.default_rng(0).normal(0, 1, 1000)
    profile = prediction_profile("regression", prediction_frame("regression", values))
    assert score_predictions(profile, prediction_frame("regression", values + 0.5))[0].drifted
    with pytest.raises(ValueError, match="3 columns, for 2 classes"):
        prediction_frame("classification", matrix.argmax(axis=1), matrix, list("ab"))


def test_probabilities_that_vanish_are_told_as_missing() -> None:
    said = probabilities(2000, 0)
    profile = prediction_profile("classification", prediction_frame("classification", said > 0.5, said, [0, 1]), [0, 1])
    lost = score_predictions(profile, prediction_frame("classification", said > 0.5, None, [0, 1]))
    assert [drift.missing_drifted for drift in lost] == [False, True]
