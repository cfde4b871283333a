"""The regression workload: nothing of it stands outside its folder, and it goes all the way."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from platforms.windows import Windows
from tests.conftest import HTTP, ROOT, Service, result_of
from tests.flows.test_loop import champion
from tests.waiting import until


def test_it_is_trained_and_released(stack: Service, tmp_path: Path) -> None:
    raw = tmp_path / "progression.csv"
    subprocess.run([sys.executable, ROOT / "workloads" / "progression" / "data.py", raw], check=True)
    patients = pd.read_csv(raw)
    assert len(patients) == 442
    stack.platform.blobs.write("progression/raw/patients.csv", raw.read_bytes())
    code, output = stack.run("train", "'progression'")
    assert (code, result_of(output)) == (0, "1"), output
    code, output = stack.run("release", "'progression'")
    assert code == 0, output
    until(lambda: champion(stack, "progression") == 1, what="its promotion")

    endpoints = stack.platform.endpoints
    rows = patients.drop(columns="progression").head(5)
    answer = HTTP.post(
        endpoints.get("progression").scoring_url,
        json={"input_data": {"columns": list(rows.columns), "data": rows.to_numpy().tolist()}},
        headers={"Authorization": f"Bearer {endpoints.key('progression')}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    predictions = [row["prediction"] for row in answer.json()["predictions"]]
    assert all(20 < prediction < 350 for prediction in predictions)
    code, output = stack.run("monitor", "'progression', report=False")
    assert (code, result_of(output)) == (0, "'nothing'"), output
    newest = next(Windows(stack.platform.blobs, "progression").before(datetime.now(UTC)))
    estimated = next(one for one in newest.findings if one.kind == "estimate")
    assert estimated.subject == "rmse", "R2 cannot be estimated"
    assert not estimated.conclusive, "five rows tell nothing"
