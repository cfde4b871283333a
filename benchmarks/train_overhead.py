"""What `train` costs over the bare script, on the same data: whole processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, percentile
from benchmarks.service import ROOT, running_service

ROWS = (10_000, 200_000, 1_000_000)
RUNS = 3
GOAL = 1.5


def measure() -> Iterator[Figure]:
    """The ratio of medians, in one run: the flow from a dataset version to a registered model, and the script.

    The flow's cost is a constant (Prefect, MLflow and scikit-learn are imported) and a share of the rows (evaluation).
    """
    with running_service() as settings:
        for rows in ROWS:
            flow, script = _medians(settings.blobs, rows)
            measured = f"{flow:.1f} s / {script:.1f} s = {flow / script:.2f}"
            yield Figure(f"train over its bare script, {rows} rows", measured, f"{GOAL} times", flow / script <= GOAL)


def _medians(root: Path, rows: int) -> tuple[float, float]:
    """Seconds of the flow and of the script."""
    from deployments.demo.patients import make_patients
    from platforms.local.blobs import LocalBlobStore

    flows, scripts = [], []
    for number in range(RUNS):
        content = make_patients(rows, seed=number).to_csv(index=False).encode()
        LocalBlobStore(root).write("diabetes/raw/patients.csv", content)
        version = _python("from flows.ingest import ingest; print('VERSION', ingest('diabetes'))")[1]
        version = version.rpartition("VERSION ")[2].split()[0]
        flows.append(_python(f"from flows.train import train; train('diabetes', dataset_version={version!r})")[0])
        scripts.append(_script(root / "datasets" / "diabetes" / version / "data"))
    return percentile(flows, 0.5), percentile(scripts, 0.5)


def _python(code: str) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, done.stdout


def _script(data: Path) -> float:
    with tempfile.TemporaryDirectory() as out:
        script = ROOT / "workloads" / "diabetes" / "train.py"
        command = [sys.executable, script, "--data", data, "--out", out, "--learning_rate", "0.1"]
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - started
