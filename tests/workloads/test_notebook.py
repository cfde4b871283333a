"""The data scientists' notebook runs from its top to its end, with the functions of train.py."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from deployments.demo.patients import make_patients

FOLDER = Path(__file__).parents[2] / "workloads" / "diabetes"


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_patients(1500, seed=2).to_csv(tmp_path / "patients.csv", index=False)
    monkeypatch.setenv("PATIENTS", str(tmp_path / "patients.csv"))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(FOLDER / "explore.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs do not belong in the repository"
    NotebookClient(notebook, timeout=400, resources={"metadata": {"path": str(FOLDER)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [str(output.get("data", {}).get("text/plain", "")) for output in shown]
    assert any("'roc_auc'" in text and "'rows': 300.0" in text for text in texts)
    assert sum("image/png" in output.get("data", {}) for output in shown) == 2
