"""Challenger and champion while both are asked: what the endpoint, the prediction log and the labels tell of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle.names import foretold_blob
from lifecycle.rollout import Progress, Standing
from lifecycle.tags import DATASET
from platforms.ports import NotFound, RegisteredModel, Served
from tasks.clock import now
from tasks.context import Context
from tasks.endpoints import client_for, request_body, version_in
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd  # half a second, and a promotion without steps does without

    from monitoring.live import Latency, Signal

FORETOLD_ROWS = 500  # of the hold-out, which both versions are asked about before any client is


@step(name="ask both about the hold-out", attempts=3)
def foretell(context: Context, version: RegisteredModel, champion: int) -> float:
    """How far apart both versions' predictions of the newest held-out rows are, 0..1, kept for the looks to come.

    A retrained model is to speak otherwise than the one it replaces. What it says of the hold-out was judged by the
    release; what it says of clients' requests may be as far from the champion's, and not much further.
    """
    from monitoring.said import coded, said_values
    from monitoring.sequential import distance_between
    from tasks.datasets import read_holdout

    question = request_body(read_holdout(context, version.tags[DATASET]).newest(FORETOLD_ROWS).features)
    kind = context.workload.kind
    answers = [said_values(kind, _ask(context, one, question)) for one in (champion, version.version)]
    distance = distance_between(*coded(*answers), 0.05).value
    content = json.dumps({"champion": champion, "distance": distance, "rows": FORETOLD_ROWS}).encode()
    context.platform.blobs.write(foretold_blob(context.name, version.version), content)
    return distance


def look(context: Context, standing: Standing, progress: Progress, steps: int) -> tuple[list[Signal], tuple[int, int]]:
    """The signals, and how often (champion, challenger) were asked since the step began."""
    from monitoring.live import Sight, compare

    limits, versions = context.workload.release.live, (standing.champion or 0, standing.challenger)
    endpoint = context.platform.endpoints.get(context.name)
    slots = [next((slot.name for slot in endpoint.slots.values() if version_in(slot) == one), "") for one in versions]
    rollout, step = (context.platform.endpoints.served(context.name, at) for at in (progress.since, progress.entered))
    champion, challenger = (step.get(slot, Served((), None)) for slot in slots)
    requests = (champion.requests, challenger.requests)
    predictions = losses = None
    if min(requests) > 0 and (limits.predictions is not None or limits.losses is not None):
        predictions, losses = _logged(context, versions, progress.entered)
    sight = Sight(
        _counts(*(rollout.get(slot, Served((), None)) for slot in slots)),
        requests,
        (_latency(champion), _latency(challenger)),
        predictions,
        _foretold(context, standing),
        losses,
    )
    return compare(sight, limits, steps), requests


def _latency(served: Served) -> Latency:
    from monitoring.live import Latency

    parts = {one.start: (one.requests, one.p95_ms) for one in served.intervals if one.p95_ms is not None}
    return Latency(served.p95_ms, served.requests, parts)


def _counts(champion: Served, challenger: Served) -> list[Any]:
    """Both slots' requests and errors, interval by interval."""
    from monitoring.sequential import Counts

    of = [{one.start: (one.requests, one.errors) for one in served.intervals} for served in (champion, challenger)]
    return [Counts(*of[0].get(at, (0, 0)), *of[1].get(at, (0, 0))) for at in sorted({*of[0], *of[1]})]


def _logged(context: Context, versions: tuple[int, int], since: datetime) -> tuple[Any, Any]:
    """Predictions and losses by version since then, each a pair of arrays; no losses where no label came.

    Of each request its first row counts: the rows of a request go together, and a caller may send thousands.
    """
    from monitoring.said import coded, said_values
    from tasks.observation import predictions_between

    made = predictions_between(context, since, now(), copies=True).drop_duplicates(["time", "slot"])
    frames = [made[made["model_version"] == one] for one in versions]
    values = (said_values(context.workload.kind, frame) for frame in frames)
    return coded(*values), _losses(context, frames, since)


def _losses(context: Context, frames: list[pd.DataFrame], since: datetime) -> Any:
    from monitoring.performance import join_labels
    from monitoring.said import lost
    from platforms.labels import read_labels

    labels = read_labels(context.platform.blobs, context.name, since=since)
    if labels.empty:
        return None
    return tuple(lost(context.workload.kind, join_labels(frame, labels).frame) for frame in frames)


def _ask(context: Context, version: int, question: Mapping[str, object]) -> pd.DataFrame:
    import pandas as pd

    endpoint = context.platform.endpoints.get(context.name)
    slot = next(slot.name for slot in endpoint.slots.values() if version_in(slot) == version)
    with client_for(context.platform.endpoints, context.name, slot) as client:
        response = client.post(endpoint.scoring_url, json=question)
    if response.status_code != 200:
        raise RuntimeError(f"{context.name}/{slot} does not score the hold-out: {response.text[:500]}")
    return pd.DataFrame(response.json()["predictions"])


def _foretold(context: Context, standing: Standing) -> float:
    """What `foretell` kept of these two versions; 0 where it kept nothing, which is the strictest."""
    try:
        kept = json.loads(context.platform.blobs.read(foretold_blob(context.name, standing.challenger)))
    except NotFound:
        return 0.0
    return float(kept["distance"]) if kept["champion"] == standing.champion else 0.0
