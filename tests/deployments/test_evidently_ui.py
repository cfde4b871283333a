"""Evidently's own UI shows a workload's windows: the store's snapshots as a workspace, served on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deployments.evidently_workspace import bring_up_to_date, project_id
from deployments.ports import free_ports
from lifecycle.names import snapshot_blob
from monitoring.drift import drift_findings, reference_profile, score_columns
from monitoring.report import evidently_report
from platforms.local.blobs import LocalBlobStore
from tests.conftest import HTTP, ROOT, clean
from tests.deployments.test_command import COMMAND
from tests.lifecycle.seen import finding
from tests.monitoring.test_pictures import COLUMNS, frame
from tests.waiting import until

END = datetime(2026, 5, 2, tzinfo=UTC)
KEYS = ("1-a", "1-b")


@pytest.fixture(name="state", scope="module")
def _state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service's state with the snapshots of two windows, the first of which had no drift."""
    state = tmp_path_factory.mktemp("state")
    blobs, then = LocalBlobStore(state / "blobs"), frame(3000, 0)
    blobs.write("reports/toy/1-a.html", b"<html>")
    nobody = dict.fromkeys(("prefect", "mlflow", "gateway", "gateway_admin"), "http://127.0.0.1:9")  # none is asked
    (state / "gateway").mkdir()
    (state / "gateway" / "admin.token").write_text("none")
    (state / "stack.json").write_text(json.dumps({"addresses": nobody}))
    for day, key in enumerate(KEYS):
        now = frame(1000, 1, shift=day)
        drifts = score_columns(reference_profile(then, COLUMNS), now)
        found = [finding("performance", bool(day), subject="roc_auc", score=0.9 - day / 2), *drift_findings(drifts)]
        report = evidently_report(f"day {day}", END + timedelta(days=day), {}, found, drifts, then, now)
        blobs.write(snapshot_blob("toy", key), report.snapshot.encode())
    return state


def files(folder: Path) -> Sequence[str]:
    return sorted(path.name for path in (folder / str(project_id("toy")) / "snapshots").iterdir())


def test_a_workspace_follows_the_store(state: Path, tmp_path: Path) -> None:
    blobs = LocalBlobStore(tmp_path / "blobs")
    for key in KEYS:
        blobs.write(snapshot_blob("toy", key), LocalBlobStore(state / "blobs").read(snapshot_blob("toy", key)))
    assert bring_up_to_date(blobs, "toy", tmp_path / "ws") == 2
    both = files(tmp_path / "ws")
    dashboard = tmp_path / "ws" / str(project_id("toy")) / "dashboard.json"
    titles = [panel["title"] for panel in json.loads(dashboard.read_text())["panels"]]
    assert titles[:2] == ["Findings, window by window", "roc_auc (performance)"]
    dashboard.write_text(json.dumps({"tabs": [], "panels": []}))  # whoever looks at it changed it
    blobs.delete(snapshot_blob("toy", KEYS[0]))
    assert bring_up_to_date(blobs, "toy", tmp_path / "ws") == 1
    (left,) = files(tmp_path / "ws")
    assert left in both
    assert json.loads(dashboard.read_text())["panels"] == []


def test_the_command_serves_the_windows(state: Path, tmp_path: Path) -> None:
    """With what its dashboard plots: scores and thresholds, a point a window."""
    workload: dict[str, Any] = {"name": "toy", "kind": "classification", "data": {"raw": "toy/", "label": "y"}}
    file = tmp_path / "toy" / "workload.yaml"
    file.parent.mkdir()
    port = free_ports(["ui"])["ui"]
    environment = {**clean(), "PERENNIAL_STATE": str(state), "PERENNIAL_WORKLOADS": str(tmp_path)}
    words = [COMMAND, "evidently", "toy", "--port", str(port)]

    file.write_text(yaml.safe_dump(workload))
    refused = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "evidently_ui: true" in refused.stderr

    file.write_text(yaml.safe_dump({**workload, "monitor": {"evidently_ui": True}}))
    with (tmp_path / "log").open("w") as log:
        served = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        api = f"http://127.0.0.1:{port}/api"
        until(lambda: served.poll() is not None or answers(f"{api}/version"), 120)
        (project,) = HTTP.get(f"{api}/projects").json()
        assert (project["id"], project["name"]) == (str(project_id("toy")), "toy")
        windows = HTTP.get(f"{api}/projects/{project['id']}/reports").json()
        assert {window["name"] for window in windows} == {"day 0", "day 1"}
        told = HTTP.post(
            f"{api}/v2/snapshots/{project['id']}/data_series_batch",
            json={"series_filter": [{"tags": [], "metadata": {}, "metric": METRIC, "metric_labels": LABELS}]},
        ).json()
        (series,) = told["series"]
        assert series["values"] == [0.9, 0.4]
    finally:
        served.send_signal(signal.SIGINT)
        assert served.wait(120) == 0, (tmp_path / "log").read_text()
    assert not answers(f"{api}/version"), "it ends with the command"


METRIC, LABELS = "evidently:metric_v2:Score", {"kind": "performance", "subject": "roc_auc"}


def answers(url: str) -> bool:
    try:
        return HTTP.get(url).is_success
    except httpx.TransportError:
        return False
