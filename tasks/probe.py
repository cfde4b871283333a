"""The question that staging asked a candidate, with its answer: production must answer alike before it gets traffic.

It lies in the blob store, so that a promotion asks nothing of another stage's endpoint, and loads no data.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from lifecycle.names import STAGING_SLOT, probe_blob, staging_endpoint
from platforms.ports import NotFound, RegisteredModel
from tasks.context import Context
from tasks.endpoints import client_for, request_body
from tasks.step import step

if TYPE_CHECKING:
    from tasks.datasets import Holdout  # pandas takes half a second

ROWS = 5


class AnswersOtherwise(RuntimeError):
    """A slot does not answer as its version did in staging."""


@step(name="keep staging's answer", attempts=3)
def keep_answer(context: Context, version: RegisteredModel, holdout: Holdout) -> None:
    """Ask the staging slot about the newest held-out rows, and keep question and answer."""
    question = request_body(holdout.newest(ROWS).features)
    answer = _ask(context, staging_endpoint(context.name), STAGING_SLOT, version, question)
    content = json.dumps({"question": question, "predictions": answer}).encode()
    context.platform.blobs.write(probe_blob(context.name, version.version), content)


@step(name="probe production slot", attempts=3)
def probe(context: Context, slot: str, version: RegisteredModel) -> None:
    """Ask the slot what staging was asked. AnswersOtherwise where that version does not, or says something else."""
    kept = _kept(context, version)
    answer = _ask(context, context.name, slot, version, kept["question"])
    if not alike(answer, kept["predictions"]):
        raise AnswersOtherwise(f"{context.name}/{slot} does not answer as version {version.version} did in staging.")


def alike(one: Any, other: Any) -> bool:
    """The same answer, but for the last digits of its numbers, which another processor may round otherwise."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(alike(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def _kept(context: Context, version: RegisteredModel) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(context.platform.blobs.read(probe_blob(context.name, version.version)))
    except NotFound:
        raise NotFound(f"What staging asked version {version.version} of {context.name} is gone.") from None
    return content


def _ask(context: Context, endpoint: str, slot: str, version: RegisteredModel, question: object) -> Any:
    url = context.platform.endpoints.get(endpoint).scoring_url
    with client_for(context.platform.endpoints, endpoint, slot) as client:
        response = client.post(url, json=question)
    if response.status_code != 200 or response.json()["model_version"] != version.version:
        raise AnswersOtherwise(f"{endpoint}/{slot} did not answer as version {version.version}: {response.text[:500]}")
    return response.json()["predictions"]
