"""Which version scores batches by default: what stands, and the batch endpoint brought in line with it.

The rule is `lifecycle.batch_default`. The endpoint's default follows from it, and only from it: a scoring, a
comparison, `reconcile` and a person's word all come to it through `align`, so that whoever is killed leaves nothing
that the next one would not bring about.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, suppress

from prefect import get_run_logger
from prefect.concurrency.sync import concurrency

from lifecycle.batch_default import NO_BATCH, BatchStanding, BatchWord
from lifecycle.names import (
    CHAMPION,
    COMPARE_BATCH,
    batch_deployment,
    batch_endpoint,
    batches_prefix,
    last_batch_blob,
    scored_blob,
    version_of,
)
from platforms.ports import NotFound, PlatformError, RegisteredModel
from tasks.clock import now
from tasks.context import Context
from tasks.starting import start_once
from tasks.story import emit, record


def in_turn(context: Context) -> AbstractContextManager[None]:
    """Of a workload one at a time changes what stands behind its batch endpoint."""
    return concurrency(f"score-{context.name}", occupy=1, strict=True, lease_duration=60.0)


def batch_standing(context: Context) -> BatchStanding:
    """What is deployed and written."""
    champion = context.platform.models.by_alias(context.name, CHAMPION)
    default = _default(context)
    return BatchStanding(
        champion=None if champion is None else champion.version,
        word=None if champion is None else BatchWord.of(champion.tags),
        default=default,
        last_batch=None if default is None else _last_batch(context, default),
    )


def ever_scored(context: Context) -> bool:
    """Whether any version completed a batch: else there is nothing to compare, and nobody to be told."""
    return any(context.platform.blobs.list(f"{batches_prefix(context.name)}version-"))


def default_scorer(context: Context) -> RegisteredModel | None:
    """The version that scores where none is named; None where there is no champion either."""
    version = batch_standing(context).scorer
    return None if version is None else context.platform.models.get(context.name, version)


def keep_last_batch(context: Context, model_version: int, key: str, outputs: str) -> None:
    """That the version completed the scoring under the key: what its successor will be compared on."""
    blobs = context.platform.blobs
    blobs.write(scored_blob(context.name, key), json.dumps({"outputs": outputs}).encode())
    blobs.write(last_batch_blob(context.name, model_version), json.dumps({"key": key}).encode())


def align(context: Context) -> int | None:
    """Make the version that scores by default the endpoint's; which one it is. Nothing is made where there is no
    endpoint. Callers take turns (`in_turn`)."""
    endpoint, batch = batch_endpoint(context.name), context.platform.batch
    scorer = default_scorer(context)
    if scorer is None:
        return None
    try:
        found = batch.get(endpoint)
    except NotFound:
        return scorer.version
    wanted = batch_deployment(scorer.version)
    batch.deploy(endpoint, wanted, scorer, {"model_version": str(scorer.version)})
    if found.default != wanted:
        before = version_of(found.default)
        for version in (before, scorer.version):
            _found_fit(context, version, before)
        batch.set_default(endpoint, wanted)
    return scorer.version


def choose(context: Context, version: int, reason: str, by: str) -> str:
    """A person's word: that version scores by default from now on; a sentence. NotFound where there is none."""
    models, endpoint, batch = context.platform.models, batch_endpoint(context.name), context.platform.batch
    chosen, why, at = models.get(context.name, version), f"{by}: {reason}", now()
    summary = f"Version {version} of {context.name} scores batches by default, said {why}."
    with in_turn(context):
        standing = batch_standing(context)
        record(
            context,
            "chosen",
            f"{version}-{at.isoformat()}",
            summary,
            by=by,
            model_version=version,
            evidence={"before": standing.scorer},
        )
        models.tag(context.name, version, BatchWord("accepted", standing.default, NO_BATCH, why).as_tag())
        batch.ensure(endpoint, {"workload": context.name, "stage": "production"})
        batch.deploy(endpoint, batch_deployment(version), chosen, {"model_version": str(version)})
        if standing.champion not in (None, version):
            refused = BatchWord("refused", version, NO_BATCH, why)
            models.tag(context.name, standing.champion or 0, refused.as_tag())
        batch.set_default(endpoint, batch_deployment(version))
    emit(context, "perennial.batch.moved", at.isoformat(), {"model_version": version, "reason": why[:4000]})
    return summary


def start_comparison(context: Context) -> str | None:
    """Start the flow that compares, as a run of its own and once, where there is something to compare; its id.

    Where the batch endpoint does not answer, `reconcile` starts it later: nobody fails for it.
    """
    if not ever_scored(context):
        return None
    try:
        standing = batch_standing(context)
    except PlatformError as error:
        get_run_logger().warning("Whether the champion is to score the last batch is not known: %s", error)
        return None
    if standing.due is None:
        return None
    parameters, key = {"workload": context.name}, f"{context.name}-{standing.due.key}"
    return start_once(COMPARE_BATCH, parameters, key, lambda: batch_standing(context).due is not None)


def _found_fit(context: Context, version: int | None, over: int | None) -> None:
    """What scores, or scored, by default is not compared again; written where nothing is written of it yet."""
    with suppress(NotFound):
        known = None if version is None else context.platform.models.get(context.name, version)
        if known is not None and BatchWord.of(known.tags) is None:
            word = BatchWord("accepted", over, NO_BATCH, "it scored by default")
            context.platform.models.tag(context.name, known.version, word.as_tag())


def _default(context: Context) -> int | None:
    try:
        return version_of(context.platform.batch.get(batch_endpoint(context.name)).default)
    except NotFound:
        return None


def _last_batch(context: Context, version: int) -> str | None:
    try:
        return str(json.loads(context.platform.blobs.read(last_batch_blob(context.name, version)))["key"])
    except NotFound:
        return None
