"""From labels, predictions and probabilities as they come to rows that metrics are computed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.forecast import MEDIAN, ForecastTerms
from monitoring.coercion import to_categories, to_numbers
from monitoring.weighted_metrics import Outcomes

_NOBODY = ["\0first", "\0second"]  # classes that do not occur, where the data shows fewer than two


def regression_outcomes(label: Any, prediction: Any) -> Outcomes:
    """Label and prediction of shape (rows,). ValueError where they differ in length or are not finite numbers."""
    values, said = _finite(label, "label"), _finite(prediction, "prediction")
    _same_length(label=values, prediction=said)
    return Outcomes(values, said, None, 0)


def forecast_outcomes(label: Any, said: Any, terms: ForecastTerms) -> Outcomes:
    """Label of shape (rows,); said: the forecast, shape (rows,), or its quantiles, shape (rows, levels of the terms),
    of which the median is the forecast. ValueError where shapes do not fit or values are not finite numbers."""
    matrix = np.asarray(said, dtype=float)
    if matrix.ndim == 1:
        return replace(regression_outcomes(label, matrix), terms=terms)
    if matrix.shape[1] != len(terms.levels):
        raise ValueError(f"{matrix.shape[1]} quantiles were given, for the {len(terms.levels)} levels {terms.levels}")
    if not np.isfinite(matrix).all():
        raise ValueError("quantiles hold values that are no finite numbers")
    outcomes = regression_outcomes(label, matrix[:, terms.levels.index(MEDIAN)])
    return replace(outcomes, quantiles=matrix, terms=terms)


def classification_outcomes(
    label: Any, prediction: Any = None, probability: Any = None, classes: Sequence[Any] | None = None
) -> Outcomes:
    """Label of shape (rows,) with the prediction, the probability, or both.

    probability: shape (rows,) of the second class, or (rows, classes) in the order of `classes`.
    classes: the model's; where none are given, those that occur, in their order. Values are compared as text, so
    that a label 1 from one place and "1" or 1.0 from another are the same class.
    Without a prediction, the most probable class is it. ValueError for shapes or classes that do not fit.
    """
    if prediction is None and probability is None:
        raise ValueError("a classification needs predictions or probabilities")
    names = _class_names(label, prediction, probability, classes)
    codes = _codes(label, names, "label")
    matrix = None if probability is None else _matrix(probability, len(names))
    if matrix is not None and prediction is not None and names[-1] in _NOBODY:
        matrix = None  # one class occurs and nobody told the other: whose probability it is, is unknown
    said = _codes(prediction, names, "prediction") if prediction is not None else _most_probable(matrix)
    _same_length(label=codes, prediction=said, probability=codes if matrix is None else matrix)
    return Outcomes(codes, said, matrix, len(names))


def _class_names(label: Any, prediction: Any, probability: Any, classes: Sequence[Any] | None) -> list[str]:
    if classes is not None:
        names = _text(classes)
    else:
        found = _text(label) if prediction is None else _text(label) + _text(prediction)
        names = class_order(found)
        if len(names) == 1 and probability is not None and names[0] in ("0", "1"):
            names = ["0", "1"]  # a window of one class of the usual two
    if len(names) != len(set(names)):
        raise ValueError(f"the classes {names} are not distinct")
    return names + _NOBODY[: max(0, 2 - len(names))]


def class_order(names: Sequence[str]) -> list[str]:
    """Distinct class names in the order that scikit-learn gives a model's classes: numbers by size, then words."""
    return sorted(set(names), key=_in_order)


def _in_order(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def _codes(values: Any, names: Sequence[str], what: str) -> np.ndarray:
    text = pd.Series(_text(values), dtype=object)
    if (text == "").any():
        raise ValueError(f"{what} is missing in {int((text == '').sum())} rows")
    codes = pd.Index(names).get_indexer(pd.Index(text))
    if (codes < 0).any():
        unknown = sorted(set(text[codes < 0]))[:5]
        raise ValueError(
            f"{what} holds {unknown}, which are none of the classes {[name for name in names if name not in _NOBODY]}"
        )
    return np.asarray(codes)


def _text(values: Any) -> list[str]:
    found = np.asarray(values)
    plain = pd.Series(found) if found.dtype.kind in "iufb" else pd.Series(found.tolist(), dtype=object)
    return ["" if text is None else text for text in to_categories(plain)]


def _matrix(probability: Any, classes: int) -> np.ndarray:
    matrix = np.asarray(probability, dtype=float)
    if matrix.ndim == 1:
        matrix = np.column_stack([1 - matrix, matrix])
    if matrix.shape[1] != classes:
        raise ValueError(f"probability has {matrix.shape[1]} classes, the labels {classes}: give the model's classes")
    if not ((matrix >= 0) & (matrix <= 1)).all():
        raise ValueError("probability holds values outside 0..1, or none at all")
    return matrix


def _most_probable(matrix: np.ndarray | None) -> np.ndarray:
    return np.zeros(0, dtype=int) if matrix is None else np.asarray(matrix.argmax(axis=1))


def _finite(values: Any, what: str) -> np.ndarray:
    numbers = to_numbers(pd.Series(np.asarray(values).tolist(), dtype=object)).to_numpy()
    if np.isnan(numbers).any():
        raise ValueError(f"{what} holds {int(np.isnan(numbers).sum())} values that are no finite numbers")
    return np.asarray(numbers)


def _same_length(**arrays: np.ndarray) -> None:
    if len({len(array) for array in arrays.values()}) > 1:
        raise ValueError("of different length: " + ", ".join(f"{name} {len(a)}" for name, a in arrays.items()))
