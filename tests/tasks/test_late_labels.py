"""Labels that come later than the window of their predictions speak in the window in which they come."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lifecycle.workload import Workload
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.ports import RegisteredModel
from platforms.prediction_log import PredictionLog
from platforms.settings import Settings
from tasks.context import Context
from tasks.observation import read_window

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
CHAMPION = RegisteredModel(name="toy", version=2, run_id="r", tags={}, aliases=(), created_at=NOW)


def predicted(blobs: LocalBlobStore, at: datetime, version: int, rows: int) -> list[str]:
    """Predictions in the log; their ids."""
    lines = [
        {
            "correlation_id": f"{at:%d}-{version}-{number}",
            "time": (at + timedelta(seconds=number)).isoformat(),
            "model_version": version,
            "slot": "blue",
            "prediction": 1.0,
            "inputs": {"size": number},
        }
        for number in range(rows)
    ]
    blobs.write(f"predictions/toy/{at:%Y/%m/%d/%H}/{version}.jsonl", "\n".join(map(json.dumps, lines)).encode())
    return [str(line["correlation_id"]) for line in lines]


def labelled(blobs: LocalBlobStore, ids: list[str], at: datetime) -> None:
    lines = [json.dumps({"correlation_id": one, "label": 2.0, "observed_at": at.isoformat()}) for one in ids]
    blobs.write(f"labels/toy/{at:%Y%m%d%H}.jsonl", "\n".join(lines).encode())


@pytest.mark.parametrize(("within", "rows", "days"), [(None, 0, []), ("7d", 60, ["3"])])
def test_they_count_where_the_workload_says_how_late_they_come(
    tmp_path: Path, within: str | None, rows: int, days: list[str]
) -> None:
    """Yesterday's predictions have no labels yet; those of three days ago got theirs an hour ago."""
    blobs = LocalBlobStore(tmp_path)
    predicted(blobs, NOW - DAY / 2, 2, 80)
    labelled(blobs, predicted(blobs, NOW - 3 * DAY, 2, 60), NOW - timedelta(hours=1))
    labelled(blobs, predicted(blobs, NOW - 3 * DAY, 1, 70), NOW - timedelta(hours=2))
    labelled(blobs, predicted(blobs, NOW - 5 * DAY, 2, 50), NOW - 3 * DAY)
    monitor = {"labels_within": within, "minimum_rows": 50}
    data = {"raw": "toy/raw/", "label": "price"}
    workload = Workload.model_validate({"name": "toy", "kind": "regression", "data": data, "monitor": monitor})
    platform = cast(Any, SimpleNamespace(blobs=blobs, predictions=PredictionLog(blobs)))
    context = Context(Settings(), platform, workload, Path(), Ledger(blobs, "toy"))
    window = read_window.fn(context, CHAMPION, NOW - DAY, NOW)
    assert len(window.predictions) == 80
    assert len(window.joined.frame) == rows
    made = {f"{(NOW - time.to_pydatetime()) / DAY:.0f}" for time in window.joined.frame.get("time", [])}
    assert sorted(made) == days
