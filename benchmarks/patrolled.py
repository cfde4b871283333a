"""Workloads in production for a patrol to look at: file, dataset version, champion, a day of predictions and labels.

Models and rows are made up, the blobs and the registry are real. Blobs are made for a few workloads and copied.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.dataset import OBSERVED_AT, DatasetManifest
from lifecycle.names import CHAMPION, dataset_prefix, labels_prefix, predictions_prefix, reference_blob
from lifecycle.tags import DATASET, PROMOTED_AT
from platforms.local.blobs import LocalBlobStore
from platforms.mlflow_rest import MlflowRest
from platforms.mlflow_runs import pairs
from platforms.settings import Settings
from tasks.registration import METRICS

VERSION = "0123456789ab"  # of the dataset
COLUMNS = tuple(Column(name=f"x{place}", type="number") for place in range(10))
HOLDOUT_ROWS, ROWS, HOURS = 2000, 1000, 24
PROMISED = 0.75  # of the area under the ROC curve; the rows below reach about 0.78
TEMPLATES = 8


def rows_of(seed: int, rows: int, shift: float = 0.0) -> pd.DataFrame:
    """Ten normal columns, the first `shift` standard deviations off, and a label that follows two of them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, len(COLUMNS))), columns=[column.name for column in COLUMNS])
    frame["x0"] += shift
    odds = frame["x1"] + 0.8 * frame["x2"]
    frame["claimed"] = 1 / (1 + np.exp(-odds))
    frame["y"] = (rng.random(rows) < frame["claimed"]).astype(int)
    return frame


def write_reference(blobs: LocalBlobStore, name: str, promoted: datetime) -> None:
    """The dataset version's manifest and hold-out."""
    holdout = rows_of(0, HOLDOUT_ROWS).drop(columns="claimed").assign(**{OBSERVED_AT: promoted})
    manifest = DatasetManifest(
        workload=name,
        version=VERSION,
        kind="classification",
        label="y",
        id=None,
        columns=COLUMNS,
        rows=5 * HOLDOUT_ROWS,
        train_rows=4 * HOLDOUT_ROWS,
        holdout_rows=HOLDOUT_ROWS,
        raw_rows=5 * HOLDOUT_ROWS,
        labelled_rows=0,
        quarantined_rows=0,
        newest=promoted,
        sources=("made up",),
    )
    prefix = dataset_prefix(name, VERSION)
    blobs.write(f"{prefix}holdout.parquet", bytes(holdout.to_parquet(index=False)))
    blobs.write(f"{prefix}manifest.json", manifest.model_dump_json().encode())


def write_day(blobs: LocalBlobStore, name: str, end: datetime, seed: int, shift: float = 0.0, rows: int = ROWS) -> None:
    """The day's predictions and their labels, a blob an hour of each."""
    frame = rows_of(seed, rows, shift)
    start = end - timedelta(hours=HOURS)
    for hour in range(HOURS):
        at = start + timedelta(hours=hour)
        part = frame.iloc[hour::HOURS]
        made = [at + timedelta(seconds=place) for place in range(len(part))]
        keys = [f"{name}-{start:%m%d}-{hour}-{place:026d}" for place in range(len(part))]
        logged = [
            {
                "correlation_id": key,
                "time": when.isoformat(timespec="microseconds"),
                "model_version": 1,
                "slot": "blue",
                "prediction": int(row["claimed"] > 0.5),
                "probability": row["claimed"],
                "inputs": {column.name: row[column.name] for column in COLUMNS},
            }
            for key, when, row in zip(keys, made, part.to_dict("records"), strict=True)
        ]
        labels = [
            {"correlation_id": key, "label": int(label), "observed_at": end.isoformat()}
            for key, label in zip(keys, part["y"], strict=True)
        ]
        blobs.write(f"{predictions_prefix(name)}blue/{at:%Y/%m/%d/%H}/rows.jsonl", _lines(logged))
        written = blobs.write(f"{labels_prefix(name)}{at:%Y%m%d%H}.jsonl", _lines(labels))
        came = (at + timedelta(hours=1)).timestamp()
        os.utime(blobs.root / written.name, (came, came))


def write_file(workloads: Path, name: str, **monitor: object) -> None:
    """Its workload.yaml."""
    content = {
        "name": name,
        "kind": "classification",
        "data": {"raw": f"{name}/raw/", "label": "y", "columns": {column.name: "number" for column in COLUMNS}},
        "train": {"recipe": "linear"},
        "gates": {"roc_auc": {"at_least": 0.6}},
        "monitor": {"every": "1h", "patrol": True, "minimum_rows": 300, **monitor},
    }
    (workloads / name).mkdir()
    (workloads / name / "workload.yaml").write_text(json.dumps(content, indent=1))  # JSON is YAML


def register_champions(url: str, names: Sequence[str], promoted: datetime) -> None:
    """A version of each in the registry, of no bytes, that bears the alias."""
    rest = MlflowRest(url)
    tags = {DATASET: VERSION, METRICS: json.dumps({"roc_auc": PROMISED}), PROMOTED_AT: promoted.isoformat()}

    def register(name: str) -> None:
        rest.post("registered-models/create", name=name)
        source = f"mlflow-artifacts:/0/{name}/artifacts/model"
        rest.post("model-versions/create", name=name, source=source, tags=pairs(tags))
        rest.post("registered-models/alias", name=name, alias=CHAMPION, version="1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(register, names))


def make_workloads(settings: Settings, names: Sequence[str], end: datetime, stored: bool = True) -> None:
    """All of it, for windows that end then; two days of logs. stored: their references, too, as a first patrol leaves
    them."""
    from monitoring.window_reference import window_reference
    from tasks.stored_reference import PART

    blobs, promoted = LocalBlobStore(settings.blobs), end - timedelta(days=30)
    templates = [f"template-{number}" for number in range(min(TEMPLATES, len(names)))]
    for seed, name in enumerate(templates, start=1):
        write_reference(blobs, name, promoted)
        if stored:
            features = rows_of(0, HOLDOUT_ROWS)[[column.name for column in COLUMNS]]
            reference = window_reference(features, COLUMNS).model_dump_json()
            blobs.write(reference_blob(name, VERSION, PART), reference.encode())
        for back in (0, 1):
            write_day(blobs, name, end - timedelta(days=back), seed + 100 * back)
    for place, name in enumerate(names):
        for folder in ("datasets", "references", "predictions", "labels"):
            template = settings.blobs / folder / templates[place % len(templates)]
            if template.exists():
                shutil.copytree(template, settings.blobs / folder / name)
        write_file(settings.workloads, name)
    register_champions(settings.address("mlflow"), names, promoted)


def _lines(records: Sequence[dict[str, object]]) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode() + b"\n"
