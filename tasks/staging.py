"""The tests a candidate must pass in its staging slot, over HTTP, as its clients will use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pandas as pd

from lifecycle.names import STAGING_SLOT, staging_endpoint
from platforms.ports import RegisteredModel
from tasks.baseline import remove_baseline, start_baseline
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.endpoints import SlotFailed, answered_status, bring_up, client_for, request_body, slot_tags
from tasks.evaluation import Scores, score
from tasks.step import step

SAMPLE_ROWS = 100


@dataclass(frozen=True)
class Check:
    """One thing tested, and what was seen. applies: False where there was nothing to test, which stops nobody."""

    name: str
    passed: bool
    seen: str
    applies: bool = True

    def as_row(self) -> dict[str, object]:
        """For the table on the run's page."""
        word = "does not apply" if not self.applies else "yes" if self.passed else "NO"
        return {"check": self.name, "passed": word, "seen": self.seen}


def not_applicable(name: str, why: str) -> Check:
    """That there was nothing to test, and why."""
    return Check(name, True, why, applies=False)


@step(name="deploy to staging")
def deploy_to_staging(context: Context, version: RegisteredModel, beside: RegisteredModel | None = None) -> None:
    """Bring the candidate up in staging. beside: the champion, which is begun with and not waited for."""
    endpoint = staging_endpoint(context.name)
    context.platform.endpoints.ensure(endpoint, {"workload": context.name, "stage": "staging"})
    context.platform.endpoints.deploy(endpoint, STAGING_SLOT, version, slot_tags(version))  # it has first claim
    start_baseline(context, beside)
    try:
        bring_up(context, endpoint, STAGING_SLOT, version)
    except SlotFailed:
        remove_baseline(context)  # nobody will be compared with it
        raise


@step(name="clear staging")
def clear_staging(context: Context) -> None:
    """What has been tested need not run on."""
    remove_baseline(context)
    context.platform.endpoints.delete_slot(staging_endpoint(context.name), STAGING_SLOT)


def check_slot(
    context: Context, endpoint: str, slot: str, model: Any, version: RegisteredModel, holdout: Holdout
) -> list[Check]:
    """The contract of a slot: what it answers, and how it refuses."""
    sample = holdout.newest(SAMPLE_ROWS).features
    url = context.platform.endpoints.get(endpoint).scoring_url
    with client_for(context.platform.endpoints, endpoint, slot) as client:
        return [
            _answers_as_registered(client, url, sample, score(model, sample, holdout.manifest.terms.levels), version),
            _single_row_agrees(client, url, sample),
            _refuses(client, url, "a missing column", request_body(sample.iloc[:1, 1:])),
            *_refuses_text(client, url, sample),
            _refuses(client, url, "no JSON", "{"),
            _wants_a_key(url, sample),
        ]


def _answers_as_registered(
    client: httpx.Client, url: str, sample: pd.DataFrame, expected: Scores, version: RegisteredModel
) -> Check:
    name = "answers as the registered model does"
    response = client.post(url, json=request_body(sample))
    if response.status_code != 200:
        return Check(name, False, f"HTTP {response.status_code}: {response.text[:200]}")
    answer = response.json()
    if answer["model_version"] != version.version:
        return Check(name, False, f"version {answer['model_version']} answered, not {version.version}")
    got = _decisive(answer)
    want = np.asarray(expected.decisive, dtype=float)
    far = float(np.abs(got - want).max()) if got.shape == want.shape else float("inf")
    return Check(name, far <= 1e-9, f"{len(sample)} rows, at most {far:.1e} apart")


def _single_row_agrees(client: httpx.Client, url: str, sample: pd.DataFrame) -> Check:
    name = "one row alone is answered as in a batch"
    batch, single = (client.post(url, json=request_body(rows)) for rows in (sample.head(5), sample.head(1)))
    if batch.status_code != 200 or single.status_code != 200:
        return Check(name, False, f"HTTP {batch.status_code} and {single.status_code}")
    apart = float(np.abs(_decisive(batch.json())[:1] - _decisive(single.json())).max())
    return Check(name, apart <= 1e-9, f"{apart:.1e} apart")


def _refuses(client: httpx.Client, url: str, what: str, body: object) -> Check:
    response = client.post(url, content=body) if isinstance(body, str) else client.post(url, json=body)
    status = answered_status(response)
    return Check(f"refuses {what}", status == 400, f"HTTP {status}")


def _wants_a_key(url: str, sample: pd.DataFrame) -> Check:
    response = httpx.post(url, json=request_body(sample.head(1)), timeout=60.0)
    return Check("wants a key", response.status_code == 401, f"HTTP {response.status_code}")


def _refuses_text(client: httpx.Client, url: str, sample: pd.DataFrame) -> list[Check]:
    """One row whose first numeric feature is a text; no check where there is no such feature."""
    numbers = sample.select_dtypes("number").columns
    if numbers.empty:
        return []
    row = sample.head(1).astype(object)
    row[numbers[0]] = "not a number"
    return [_refuses(client, url, "a text for a number", request_body(row))]


def _decisive(answer: dict[str, Any]) -> np.ndarray:
    rows = answer["predictions"]
    for several in ("probabilities", "quantiles"):
        if several in rows[0]:
            return np.asarray([list(row[several].values()) for row in rows], dtype=float)
    field = "probability" if rows[0].get("probability") is not None else "prediction"
    return np.asarray([row[field] for row in rows], dtype=float)
