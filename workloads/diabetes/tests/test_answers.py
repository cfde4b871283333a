"""What the diabetes model must answer in staging, whichever version it is; run by each release (docs/releases.md)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

SAMPLE = json.loads(Path(os.environ["PERENNIAL_SAMPLE"]).read_text())


@pytest.fixture(scope="module", name="answer")
def _answer() -> dict[str, Any]:
    """To the newest held-out patients."""
    headers = {
        "Authorization": f"Bearer {os.environ['PERENNIAL_SCORING_KEY']}",
        "azureml-model-deployment": os.environ["PERENNIAL_SCORING_SLOT"],
    }
    response = httpx.post(os.environ["PERENNIAL_SCORING_URL"], json=SAMPLE["request"], headers=headers, timeout=30)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_each_patient_gets_a_probability(answer: dict[str, Any]) -> None:
    probabilities = [row["probability"] for row in answer["predictions"]]
    assert len(probabilities) == len(SAMPLE["labels"])
    assert all(0 <= probability <= 1 for probability in probabilities)


def test_patients_are_told_apart(answer: dict[str, Any]) -> None:
    assert len({row["probability"] for row in answer["predictions"]}) > 1
