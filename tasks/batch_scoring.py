"""Files scored by a model version behind the batch endpoint, under a key: whoever comes again carries on.

`scores/NAME/KEY/plan.json` is written first and never changed: version and files. An attempt is a job named by key and
number; its outputs lie beside the plan, in a folder of the job's name.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from prefect import get_run_logger

from lifecycle.names import CHAMPION, PREVIOUS, batch_deployment, batch_endpoint, digest, scores_prefix
from platforms.ports import BatchSpec, Job, JobStatus, NotFound, RegisteredModel
from tasks.batch_default import align, default_scorer, in_turn
from tasks.context import Context
from tasks.step import step

MOST_FILES = 100_000  # what one key may name: the plan holds each name


class ScoringFailed(RuntimeError):
    """The job ended without all its outputs; the message holds the end of its log."""


class OtherPlan(ValueError):
    """The key belongs to a scoring of other files or by another version."""


@dataclass(frozen=True)
class Plan:
    """What is scored, and by what."""

    key: str
    model_version: int
    input_prefix: str
    files: tuple[str, ...]  # places below the prefix


@dataclass(frozen=True)
class FileOutcome:
    """What became of a file."""

    file: str
    rows: int
    rejected: int
    error: str


@step(name="plan the scoring", attempts=3)
def make_plan(context: Context, input_prefix: str, model_version: int | None, key: str | None) -> Plan:
    """The plan of that key, or a new one. Without a key it is named by version and files: the same again is the same.

    NotFound where there is no champion, version or file; OtherPlan where the key is taken.
    """
    if key is not None:
        found = read_plan(context, key)
        if found is not None:
            return _same(found, input_prefix, model_version)
    plan = _new_plan(context, input_prefix, model_version, key)
    context.platform.blobs.put_if_absent(_plan_blob(context, plan.key), json.dumps(asdict(plan)).encode())
    return _same(read_plan(context, plan.key) or plan, input_prefix, model_version)


def key_of(context: Context, input_prefix: str, model_version: int | None, key: str | None) -> str:
    """The key that a scoring has by its parameters."""
    return key or _new_plan(context, input_prefix, model_version, None).key


def read_plan(context: Context, key: str) -> Plan | None:
    """None where nothing was begun under that key."""
    try:
        content = json.loads(context.platform.blobs.read(_plan_blob(context, key)))
    except NotFound:
        return None
    return Plan(**{**content, "files": tuple(content["files"])})


@step(name="score the files", attempts=3)
def run_scoring(context: Context, plan: Plan, error_threshold: int) -> tuple[Job, BatchSpec]:
    """Start the job or find it, and wait for its end."""
    batch, endpoint = context.platform.batch, batch_endpoint(context.name)
    with in_turn(context):
        _bring_up(context, endpoint, plan.model_version)
        spec = _spec(context, plan, _next_attempt(context, endpoint, plan), error_threshold)
        job = batch.invoke(endpoint, spec)
    get_run_logger().info("Job %s scores %d files under %s", spec.name, len(plan.files), plan.input_prefix)
    started = time.monotonic()
    while not job.status.ended:
        # Between two looks at a job there is nothing to wait on; its end is noticed a twentieth of its time late.
        time.sleep(min(max(0.05 * (time.monotonic() - started), 0.1), 10.0))
        job = batch.job(endpoint, spec.name)
    return job, spec


def cancel_scoring(context: Context, key: str) -> None:
    """End the job under that key, if one runs."""
    plan, endpoint = read_plan(context, key), batch_endpoint(context.name)
    if plan is None:
        return
    try:
        context.platform.batch.cancel(endpoint, _next_attempt(context, endpoint, plan))
    except NotFound:
        return


@step(name="read what became of the files", attempts=3)
def outcomes(context: Context, plan: Plan, spec: BatchSpec) -> list[FileOutcome]:
    """A line a file, in the order of their names; one that the job said nothing of is told as such."""
    told: dict[str, FileOutcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in context.platform.blobs.download(f"{spec.outputs}told/", Path(folder)):
            content = json.loads(path.read_text())
            names = ("file", "rows", "rejected", "error")
            told[content["file"]] = FileOutcome(*(content[name] for name in names))
    silent = {file: FileOutcome(file, 0, 0, "its mini-batch died or took too long") for file in plan.files}
    return [outcome for _, outcome in sorted({**silent, **told}.items())]


def _new_plan(context: Context, input_prefix: str, model_version: int | None, key: str | None) -> Plan:
    version = _version(context, model_version)
    blobs = list(context.platform.blobs.list(input_prefix))
    if not blobs:
        raise NotFound(f"There is nothing to score: no blob lies under {input_prefix}.")
    if len(blobs) > MOST_FILES:
        raise OtherPlan(f"{input_prefix} holds {len(blobs)} files; at most {MOST_FILES} are scored under one key.")
    if key is None:
        content = "\n".join([str(version.version), *(f"{blob.name} {blob.etag}" for blob in blobs)])
        key = digest(content.encode())
    return Plan(key, version.version, input_prefix, tuple(blob.name.removeprefix(input_prefix) for blob in blobs))


def _version(context: Context, model_version: int | None) -> RegisteredModel:
    models = context.platform.models
    if model_version is not None:
        return models.get(context.name, model_version)
    scorer = default_scorer(context)
    if scorer is None:
        raise NotFound(f"{context.name} has no champion to score with: release one, or name a version.")
    return scorer


def _same(plan: Plan, input_prefix: str, model_version: int | None) -> Plan:
    if plan.input_prefix != input_prefix or model_version not in (None, plan.model_version):
        raise OtherPlan(
            f"The key {plan.key} is of a scoring of {plan.input_prefix} by version {plan.model_version}: "
            "choose another one."
        )
    return plan


def _plan_blob(context: Context, key: str) -> str:
    return f"{scores_prefix(context.name, key)}plan.json"


def _spec(context: Context, plan: Plan, name: str, error_threshold: int) -> BatchSpec:
    return BatchSpec(
        name=name,
        deployment=batch_deployment(plan.model_version),
        input_prefix=plan.input_prefix,
        output_prefix=scores_prefix(context.name, plan.key),
        error_threshold=error_threshold,
    )


def _next_attempt(context: Context, endpoint: str, plan: Plan) -> str:
    """The job that runs or has succeeded under this key, or the name of the next attempt."""
    attempt = 1
    while True:
        name = f"score-{context.name}-{plan.key}-{attempt}"
        try:
            status = context.platform.batch.job(endpoint, name).status
        except NotFound:
            return name
        if status in (JobStatus.RUNNING, JobStatus.COMPLETED):
            return name
        attempt += 1


def _bring_up(context: Context, endpoint: str, model_version: int) -> None:
    """The version and the one that scores by default stand behind the endpoint; what is not near to use is gone."""
    batch, models = context.platform.batch, context.platform.models
    batch.ensure(endpoint, {"workload": context.name, "stage": "production"})
    version = models.get(context.name, model_version)
    batch.deploy(endpoint, batch_deployment(model_version), version, {"model_version": str(model_version)})
    align(context)
    bearers = (models.by_alias(context.name, alias) for alias in (CHAMPION, PREVIOUS))
    kept = {batch_deployment(number) for number in (model_version, *(one.version for one in bearers if one))}
    now = batch.get(endpoint)
    for deployment in set(now.deployments) - kept - {now.default}:
        batch.delete_deployment(endpoint, deployment)
