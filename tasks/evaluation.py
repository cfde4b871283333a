"""How good a model is on the rows that nobody trained on, alone and against the champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.forecast import MEDIAN
from lifecycle.workload import Workload
from monitoring.comparison import Comparison, compare
from monitoring.metrics import metrics_for, outcomes_for
from monitoring.weighted_metrics import Outcomes
from platforms.quantile_models import quantiles_of
from tasks.datasets import Holdout


@dataclass(frozen=True)
class Scores:
    """What a model says of some rows; `probability` is None where it says numbers, shape (rows,) where there are two
    classes and (rows, classes) where there are more. `quantiles`, shape (rows, levels), are a forecast's."""

    prediction: np.ndarray
    probability: np.ndarray | None
    classes: tuple[Any, ...]
    quantiles: np.ndarray | None = None

    def as_frame(self) -> pd.DataFrame:
        """What endpoints answer of the rows: prediction and, of two classes, probability."""
        columns: dict[str, Any] = {"prediction": self.prediction}
        if self.probability is not None and self.probability.ndim == 1:
            columns["probability"] = self.probability
        return pd.DataFrame(columns)

    @property
    def decisive(self) -> np.ndarray:
        """What models are compared by."""
        if self.quantiles is not None:
            return self.quantiles
        return self.prediction if self.probability is None else self.probability


def score(model: Any, features: pd.DataFrame, levels: Sequence[float] = ()) -> Scores:
    """Score rows with a scikit-learn model; levels: of the quantiles that a forecast's may give."""
    quantiles = quantiles_of(model, features, levels)
    if quantiles is not None:
        return Scores(quantiles[:, list(levels).index(MEDIAN)], None, (), quantiles)
    classes = tuple(getattr(model, "classes_", ()))
    if not classes:
        return Scores(np.asarray(model.predict(features)), None, ())
    probability = np.asarray(model.predict_proba(features))
    prediction = np.asarray(classes)[probability.argmax(axis=1)]
    return Scores(prediction, probability[:, 1] if len(classes) == 2 else probability, classes)


def evaluate(workload: Workload, model: Any, holdout: Holdout) -> dict[str, float]:
    """The kind's metrics on the held-out rows."""
    terms = holdout.manifest.terms
    scores = score(model, holdout.features, terms.levels)
    said = scores.prediction if scores.quantiles is None else scores.quantiles
    label = holdout.label.to_numpy()
    return metrics_for(workload.kind, label, said, scores.probability, scores.classes or None, terms)


def outcomes_of(workload: Workload, model: Any, holdout: Holdout) -> Outcomes:
    """What came true and what the model says, row by row."""
    return outcomes_from(workload, score(model, holdout.features, holdout.manifest.terms.levels), holdout)


def outcomes_from(workload: Workload, scores: Scores, holdout: Holdout) -> Outcomes:
    """The same of scores that there are already, of the hold-out's rows in their order."""
    said = scores.prediction if scores.quantiles is None else scores.quantiles
    terms = holdout.manifest.terms
    label = holdout.label.to_numpy()
    return outcomes_for(workload.kind, label, said, scores.probability, scores.classes or None, terms=terms)


def compare_models(workload: Workload, champion: Any, challenger: Any, holdout: Holdout) -> Comparison:
    """Champion and challenger on the newest held-out rows."""
    newest = holdout.newest(workload.release.compare_rows)
    terms = holdout.manifest.terms
    theirs, ours = (score(model, newest.features, terms.levels) for model in (champion, challenger))
    return compare(
        workload.kind,
        workload.metric,
        newest.label.to_numpy(),
        theirs.decisive,
        ours.decisive,
        classes=ours.classes or None,
        terms=terms,
        seed=0,
    )


def load_version(models: Any, name: str, version: int, folder: Path) -> Any:
    """A version of the registry, loaded."""
    from platforms.packing import load_packed

    return load_packed(models.fetch(name, version, folder))
