"""Candidates to be examined, without a service: a workload, models in memory, rows, a blob store in a folder."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.dataset import DatasetManifest
from lifecycle.tags import DATASET
from lifecycle.workload import Workload
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.ports import Platform, RegisteredModel
from platforms.settings import Settings
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.gates import Candidate
from tasks.staging_checks.part import Subject
from tests.tasks.manifests import manifest_of

COLUMNS = (
    Column(name="score", type="number", minimum=-10, maximum=10, missing_allowed=True),
    Column(name="region", type="category"),
)


class Reads:
    """A classifier that reads the label off the score, with a slope; it is off in a region, and shaken by its noise."""

    classes_ = (0, 1)

    def __init__(self, *, wrong_in: str = "", blur: float = 0.0, steps: float = 0.0) -> None:
        self._wrong_in, self._blur, self._steps = wrong_in, blur, steps

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        score = rows["score"].astype(float).fillna(0.0).to_numpy()
        if self._steps:  # what a model does that learnt the values by heart
            score = np.where(np.isclose(score, score.round(3), atol=1e-9), score, -score * self._steps)
        hidden = np.random.default_rng(1).normal(0, 1, len(rows))
        second = 1 / (1 + np.exp(-(3 * score + self._blur * hidden)))
        second = np.where(rows["region"] == self._wrong_in, 1 - second, second)
        return np.column_stack([1 - second, second])


def make_rows(rows: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Rows of which a tenth are of an island, and a handful of a lighthouse."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["mainland", "island", "lighthouse"], rows, p=[0.89, 0.1, 0.01])
    frame = pd.DataFrame({"score": rng.normal(0, 1, rows).round(3), "region": region})
    frame["sick"] = (rng.random(rows) < 1 / (1 + np.exp(-3 * frame["score"]))).astype(int)
    return frame


def workload_of(**more: Any) -> Workload:
    """The toy workload, with more of its fields."""
    data = {"raw": "toy/raw/", "label": "sick", **more.pop("data", {})}
    said = {"name": "toy", "kind": "classification", "data": data, **more}
    return Workload.model_validate_json(json.dumps(said))  # as workload.yaml is read


def version_of(number: int, dataset: str = "v") -> RegisteredModel:
    """A version trained on that dataset version."""
    return RegisteredModel("toy", number, f"run-{number}", {DATASET: dataset}, (), datetime(2026, 1, 1, tzinfo=UTC))


def subject_of(
    folder: Path,
    workload: Workload,
    candidate: Any,
    champion: Any | None = None,
    *,
    rows: pd.DataFrame | None = None,
    manifest: DatasetManifest | None = None,
    champion_dataset: str = "v",
) -> Subject:
    """Version 2 against version 1, whose training rows nobody wrote yet: `blobs` of its context takes them."""
    holdout = Holdout(
        make_rows() if rows is None else rows, manifest or manifest_of("classification", "sick", *COLUMNS)
    )
    blobs = LocalBlobStore(folder / "blobs")
    platform = Platform("local", blobs, None, None, None, None, None)  # type: ignore[arg-type]
    context = Context(Settings(state=folder), platform, workload, folder, Ledger(blobs, workload.name))
    theirs = None if champion is None else version_of(1, champion_dataset)
    return Subject(context, Candidate(version_of(2), candidate, holdout), theirs, champion, folder)
