"""The forecasting workload goes all the way: a series in, quantiles out, watched by the season."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pandas as pd

from lifecycle.names import labels_prefix, report_blob
from monitoring.lagged import lagged_rows
from platforms.windows import Windows
from platforms.workloads import load_workload
from tasks.backtest import BACKTEST
from tasks.registration import metrics_of
from tests.conftest import HTTP, Service, result_of
from tests.electricity import in_seconds, make_series
from tests.flows.test_loop import champion
from tests.waiting import until

NAME = "power"
HOURS = 28 * 24


def ask(stack: Service, rows: pd.DataFrame, identities: list[str]) -> list[dict[str, Any]]:
    endpoints = stack.platform.endpoints
    body = {"input_data": json.loads(rows.to_json(orient="split", index=False)), "correlation_ids": identities}
    headers = {"Authorization": f"Bearer {endpoints.key(NAME)}"}
    response = HTTP.post(endpoints.get(NAME).scoring_url, json=body, headers=headers)
    assert response.status_code == 200, response.text
    answered: list[dict[str, Any]] = response.json()["predictions"]
    return answered


def test_it_is_trained_released_and_watched(stack: Service) -> None:
    forecast = load_workload(stack.settings.workloads / NAME).workload.forecast
    assert forecast is not None
    series = make_series("2023-01-01", 3 * 365, seed=0)
    past, future = series.iloc[:-HOURS], series.iloc[-HOURS:]
    broken = past.head(1).assign(time="yesterday")
    raw = pd.concat([past, broken]).to_csv(index=False)
    stack.platform.blobs.write(f"{NAME}/raw/series.csv", raw.encode())

    code, output = stack.run("train", f"{NAME!r}")
    assert (code, result_of(output)) == (0, "1"), output
    version = stack.platform.models.get(NAME, 1)
    assert metrics_of(version)["mase"] < 0.7
    assert len(json.loads(version.tags[BACKTEST])["metrics"]["mase"]) == forecast.backtest.cutoffs
    (quarantined,) = stack.platform.blobs.list(f"quarantine/{NAME}/")
    assert b"yesterday" in stack.platform.blobs.read(quarantined.name)

    code, output = stack.run("release", f"{NAME!r}")
    assert code == 0, output
    until(lambda: champion(stack, NAME) == 1, what="its promotion")

    # A caller asks day by day: what is known by then stands in the rows of the next day.
    rows = lagged_rows(in_seconds(series), forecast, "load").tail(HOURS).drop(columns="load")
    identities = [uuid4().hex for _ in range(HOURS)]
    answers = ask(stack, rows, identities)
    said = pd.DataFrame([answer["quantiles"] for answer in answers])
    assert [answer["prediction"] for answer in answers] == said["0.5"].tolist()
    load = future["load"].reset_index(drop=True)
    assert 0.5 < ((said["0.1"] <= load) & (load <= said["0.9"])).mean() < 0.95
    at = datetime.now(UTC)
    labels = [
        json.dumps({"correlation_id": identity, "label": label, "observed_at": at.isoformat()})
        for identity, label in zip(identities, load, strict=True)
    ]
    stack.platform.blobs.write(f"{labels_prefix(NAME)}all.jsonl", "\n".join(labels).encode())
    log, around = stack.platform.predictions, (at - timedelta(days=1), at + timedelta(days=1))
    until(lambda: set(identities) <= set(log.between(NAME, *around)["correlation_id"]), 30, what="the prediction log")

    code, output = stack.run("monitor", f"{NAME!r}")
    record = next(iter(Windows(stack.platform.blobs, NAME).before(datetime.now(UTC))))
    seen = {finding.about: finding for finding in record.findings}
    told = [finding.message for finding in record.findings]
    assert (code, result_of(output)) == (0, "'nothing'"), told
    assert seen["performance", "mase"].conclusive
    assert not seen["performance", "mase"].significant
    drift = {subject: finding for (kind, subject), finding in seen.items() if kind == "drift"}
    columns = forecast.row_columns("load", ())[1:]
    assert set(drift) == {"temperature", "holiday", *(column.name for column in columns)}
    assert all(finding.conclusive for finding in drift.values())
    report = stack.platform.blobs.read(report_blob(NAME, record.key)).decode()
    assert "temperature is steady" in report
