"""A workload that asks for a search: its candidate is the best trial's, and its page tells of them all."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import HTTP, Service, result_of
from tests.people import make_people

WORKLOAD = """
name: searched
kind: classification
data: {raw: searched/raw/, label: sick, columns: {age: 0..120, weight: number, region: 'category?'}}
train:
  recipe: linear
  search: {space: {C: [0.000001, 1.0]}, sampling: grid, objective: cv_roc_auc}
"""


def test_the_best_trial_becomes_the_candidate(stack: Service) -> None:
    folder = stack.settings.workloads / "searched"
    folder.mkdir()
    (folder / "workload.yaml").write_text(WORKLOAD)
    stack.platform.blobs.write("searched/raw/people.csv", make_people(600, seed=5).to_csv(index=False).encode())
    code, output = stack.run("train", "'searched'")
    assert (code, result_of(output)) == (0, "1"), output
    version = stack.platform.models.get("searched", 1)
    found = json.loads(version.tags["perennial.search"])
    assert (found["objective"], found["trials"]) == ("cv_roc_auc", 2)
    rows = json.loads(_artifact(stack, "searched-trials"))
    scores = [row["cv_roc_auc"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert found["parameters"] == {"C": rows[0]["C"]}
    assert found["value"] == max(scores)
    assert "The best of 2 trials: C " in _artifact(stack, "searched-candidate")
    assert "2 trials, 1 at a time" in _artifact(stack, "searched-training-log")
    code, output = stack.run("train", "'searched'")
    assert (code, result_of(output)) == (0, "1"), output


def _artifact(stack: Service, key: str) -> str:
    """The newest artifact of the key."""
    body: dict[str, Any] = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
    found = HTTP.post(f"{stack.addresses['prefect']}/api/artifacts/filter", json=body).json()
    return str(found[0]["data"])
