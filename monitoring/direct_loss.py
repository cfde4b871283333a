"""Performance of a regression without labels: a second model says how wrong the first one is where (DLE).

On a held-out reference one model learns the absolute error and one the squared error, from the features and the
prediction; their means over a window are its MAE and its squared RMSE (direct loss estimation; NannyML's documentation,
"How it works"). The models hold types of scikit-learn and numpy only, so that skops packs them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.base import Frozen
from lifecycle.columns import Column
from lifecycle.metrics import ESTIMATED
from monitoring.coercion import to_booleans, to_categories, to_numbers
from monitoring.errors import require_columns
from monitoring.estimate import MINIMUM_ROWS, Estimate, no_estimate
from monitoring.metrics import metrics_for, require_metric
from monitoring.outcomes import regression_outcomes
from monitoring.thinness import Peopled, peopled

PREDICTION = "__prediction__"  # among the features of the second model
_CATEGORIES = 100


class LossFacts(Frozen):
    """What a reference says beside its models. columns: the features, in the order that the models were fitted in.

    fourth_ratio: the mean fourth power of the error over that of the squared error that is expected, squared (3 for
    normal errors): how heavy the tails are. losses: the squared errors that are expected. rows: of the reference.
    metrics: by labels.
    """

    columns: tuple[Column, ...]
    fourth_ratio: float
    losses: Peopled
    rows: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class LossReference:
    """What a held-out reference says about a model's errors.

    absolute, squared: fitted scikit-learn models of the errors; pack them with skops.
    """

    absolute: Any
    squared: Any
    facts: LossFacts


def loss_reference(
    frame: pd.DataFrame, columns: Sequence[Column], label: Any, prediction: Any, *, seed: int = 0
) -> LossReference:
    """From held-out rows. label, prediction: shape (rows,), in the order of the frame.

    SchemaMismatch where the frame lacks a column; ValueError where label or prediction are no finite numbers.
    """
    outcomes = regression_outcomes(label, prediction)
    error = np.abs(outcomes.label - outcomes.prediction)
    inputs = _inputs(frame, columns, outcomes.prediction)
    absolute = _model(columns, seed).fit(inputs, error)
    squared = _model(columns, seed).fit(inputs, error**2)
    expected = _losses(squared, inputs)
    level = float((expected**2).mean())
    facts = LossFacts(
        columns=tuple(columns),
        fourth_ratio=max(1.0, float((error**4).mean()) / level) if level > 0 else 1.0,
        losses=peopled(expected),
        rows=outcomes.rows,
        metrics=metrics_for("regression", label, prediction),
    )
    return LossReference(absolute, squared, facts)


def estimate_regression(
    reference: LossReference,
    metric: str,
    frame: pd.DataFrame,
    prediction: Any,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    confidence: float = 0.99,
) -> Estimate:
    """mae or rmse on a window's rows and what was predicted of them, shape (rows,).

    The interval is of the sampling error, of the window's and of the reference's, in the normal approximation.
    KeyError for an unknown metric, SchemaMismatch where the frame lacks a column.
    """
    require_metric("regression", metric)
    facts, rows = reference.facts, len(frame)
    known = facts.metrics.get(metric)
    if metric not in ESTIMATED["regression"]:
        return no_estimate("DLE", metric, rows, known, f"{metric} needs the variance of labels that are not known")
    for size, what in ((rows, "the window"), (facts.rows, "the reference")):
        if size < minimum_rows:
            return no_estimate("DLE", metric, size, known, f"{what} holds {size} rows, fewer than {minimum_rows}")
    said = regression_outcomes(prediction, prediction).prediction
    inputs = _inputs(frame, facts.columns, said)
    squared = _losses(reference.squared, inputs)
    share = 1 / rows + facts.losses.thinness(squared) / facts.rows
    # Of a loss, the variance is the mean of its square less the square of its mean; both are estimated.
    if metric == "mae":
        value = float(_losses(reference.absolute, inputs).mean())
        deviation = math.sqrt(max(0.0, float(squared.mean()) - value**2) * share)
    else:
        mean = float(squared.mean())
        value = math.sqrt(mean)
        spread = facts.fourth_ratio * float((squared**2).mean()) - mean**2
        deviation = math.sqrt(max(0.0, spread) * share) / (2 * value) if value > 0 else 0.0
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * deviation
    return Estimate("DLE", metric, value, max(0.0, value - reach), value + reach, known, rows, True)


def _losses(model: Any, inputs: pd.DataFrame) -> np.ndarray:
    """What the model expects, never below zero."""
    return np.maximum(model.predict(inputs), 0.0)


def _inputs(frame: pd.DataFrame, columns: Sequence[Column], prediction: np.ndarray) -> pd.DataFrame:
    """The features as the second model wants them, and the prediction: float64, categories as text."""
    require_columns([column.name for column in columns], [str(name) for name in frame.columns])
    typed: dict[str, Any] = {column.name: _typed(frame[column.name], column) for column in columns}
    return pd.DataFrame({**typed, PREDICTION: prediction})


def _typed(values: pd.Series, column: Column) -> np.ndarray:
    if column.numeric:
        return to_numbers(values).to_numpy()
    if column.type == "boolean":
        return to_booleans(values).to_numpy()
    return to_categories(values).fillna("").to_numpy(dtype=object)


def _model(columns: Sequence[Column], seed: int) -> Any:
    """Few, small boosted trees: errors are noisy. Not stopped early, which draws the large ones towards the mean: on
    a shifted window that told the RMSE 4.5 % too low, these tell it 1 % too low."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OrdinalEncoder

    words = [column.name for column in columns if column.type == "category"]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=_CATEGORIES)
    trees = HistGradientBoostingRegressor(
        learning_rate=0.1, max_iter=50, max_leaf_nodes=15, min_samples_leaf=20, early_stopping=False, random_state=seed
    )
    encoded = ColumnTransformer([("categories", encoder, words)], remainder="passthrough")
    return Pipeline([("encoded", encoded), ("losses", trees)])
