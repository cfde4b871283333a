"""Trains the diabetes model: `python train.py --data DIR --out DIR`. A plain script, with functions for a notebook."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

FEATURES = [
    "Pregnancies",
    "PlasmaGlucose",
    "DiastolicBloodPressure",
    "TricepsThickness",
    "SerumInsulin",
    "BMI",
    "DiabetesPedigree",
    "Age",
]
LABEL = "Diabetic"


class CannotTrain(ValueError):
    """Data that no model can be made of."""


def load(folder: Path) -> pd.DataFrame:
    """The patients of a dataset version. CannotTrain where columns, rows or a class are missing."""
    patients = pd.read_parquet(folder / "train.parquet")
    missing = [name for name in [*FEATURES, LABEL] if name not in patients]
    if missing:
        raise CannotTrain(f"train.parquet lacks the columns {', '.join(missing)}")
    if patients[LABEL].nunique() < 2:
        raise CannotTrain(f"{LABEL} has {patients[LABEL].nunique()} classes in {len(patients)} rows; it needs two")
    return patients


def features(patients: pd.DataFrame) -> pd.DataFrame:
    """What the model sees of a patient."""
    return patients[FEATURES]


def train(patients: pd.DataFrame, learning_rate: float = 0.1, iterations: int = 150, seed: int = 0) -> Any:
    """A fitted model."""
    model = HistGradientBoostingClassifier(
        learning_rate=learning_rate, max_iter=iterations, early_stopping=False, random_state=seed
    )
    return model.fit(features(patients), patients[LABEL])


def evaluate(model: Any, patients: pd.DataFrame) -> dict[str, float]:
    """The area under the ROC curve on patients that the model has not seen."""
    probability = model.predict_proba(features(patients))[:, 1]
    return {"roc_auc": float(roc_auc_score(patients[LABEL], probability)), "rows": float(len(patients))}


def save(model: Any, metrics: dict[str, float], folder: Path) -> None:
    """Write `model.skops`, without pickle, and `metrics.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    skops.io.dump(model, folder / "model.skops")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1))


def main() -> int:
    """Train on four fifths, evaluate on the rest, then train on everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--learning_rate", type=float, default=0.1)
    parser.add_argument("--iterations", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    settings = {"learning_rate": options.learning_rate, "iterations": options.iterations, "seed": options.seed}
    try:
        patients = load(options.data)
    except CannotTrain as error:
        print(f"Cannot train: {error}.", file=sys.stderr)
        return 2
    seen, unseen = train_test_split(patients, test_size=0.2, random_state=options.seed, stratify=patients[LABEL])
    metrics = evaluate(train(seen, **settings), unseen)
    print(f"{len(patients)} patients, {metrics}", flush=True)
    save(train(patients, **settings), metrics, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
