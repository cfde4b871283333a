"""Training as a job on the platform's compute."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from lifecycle.dataset import DatasetManifest
from lifecycle.names import digest, job_name, training_key
from lifecycle.spending import JobUsage
from platforms.packing import warm_up
from platforms.ports import Compute, Job, JobSpec, JobStatus, NotFound
from platforms.usage import write_usage
from tasks.context import Context
from tasks.datasets import job_prefix
from tasks.step import step
from tasks.story import tell

RECIPES = Path(__file__).parent.parent / "recipes"
OWN_SCRIPT = "train.py"  # used where the workload names neither a script nor a recipe
DEFAULT_RECIPE = "gradient_boosting"
_CODE = {".py", ".txt", ".yaml", ".yml", ".json", ".toml"}
_NOT_TRAINING = ("tests", "requests")  # folders that a release reads: another test makes no other model


class TrainingFailed(RuntimeError):
    """The job ended without a model; the message holds the end of its log."""


def training_code(context: Context) -> tuple[Path, tuple[str, ...]]:
    """The folder of the workload's code, and the command that trains; `{data}` and `{out}` are the platform's."""
    train = context.workload.train
    options = [word for name, value in train.parameters.items() for word in (f"--{name}", str(value))]
    if train.job is not None:
        return context.folder, (train.job, *options)  # its own command is in the file
    places = ["--data", "{data}", "--out", "{out}"]
    script = train.script
    if script is None and train.recipe is None and (context.folder / OWN_SCRIPT).is_file():
        script = OWN_SCRIPT
    if script is not None:
        return context.folder, ("python", f"{context.folder.name}/{script}", *places, *options)
    recipe = train.recipe or DEFAULT_RECIPE
    return RECIPES, ("python", "-m", RECIPES.name, "--recipe", recipe, *places, *options)


def key_of_training(context: Context, dataset_version: str) -> str:
    """What makes this training the same as another: data, code, command."""
    code, command = training_code(context)
    content = hashlib.sha256()
    for file in sorted(path for path in code.rglob("*") if path.suffix in _CODE and "__pycache__" not in path.parts):
        own = file.relative_to(code).parts[0] not in _NOT_TRAINING
        if own and file.name != "workload.yaml":  # what it says of training stands in the command
            content.update(file.relative_to(code).as_posix().encode() + b"\0" + file.read_bytes())
    search = context.workload.train.search
    searched = {} if search is None else {"search": search.model_dump(mode="json", exclude={"at_once"})}
    return training_key(dataset_version, digest(content.digest(), 12), {"command": command, **searched})


@step(name="run training job")
def run_job(context: Context, manifest: DatasetManifest, key: str, run_id: str) -> Job:
    """Submit the job or find the one under way, and wait for its end. TrainingFailed where it leaves no model."""
    train = context.workload.train
    code, command = training_code(context)
    spec = JobSpec(
        name=_next_attempt(context.platform.compute, context.name, key),
        code=code.resolve(),
        command=command,
        dataset_prefix=job_prefix(context.name, manifest.version),
        environment=_environment(context, run_id),
        tags={"workload": context.name, "dataset_version": manifest.version, "run_id": run_id},
        time_limit_seconds=int(train.time_limit.total_seconds()),
        search=train.search,
        job_file=train.job,
        parameters=train.parameters if train.job is not None else {},
    )
    job = _wait(context.platform.compute, spec)
    _write_usage(context, job)
    log = context.platform.compute.logs(spec.name)
    tell(context, "training-log", f"Job `{spec.name}` {job.status.value}.\n\n```\n{log[-20_000:]}\n```")
    if job.status is not JobStatus.COMPLETED:
        why = job.reason or f"exit code {job.exit_code}"
        raise TrainingFailed(f"Job {spec.name} {job.status.value}: {why}. The end of its log:\n{log[-2000:]}")
    return job


def _write_usage(context: Context, job: Job) -> None:
    """How long it ran, whatever became of it: what the workload's budget counts."""
    if job.started_at is None or job.ended_at is None:
        return
    search = context.workload.train.search
    usage = JobUsage(
        job=job.name,
        ended_at=job.ended_at,
        seconds=max(0.0, (job.ended_at - job.started_at).total_seconds()),
        machines=1 if search is None else search.at_once,
        queued_seconds=None
        if job.submitted_at is None
        else max(0.0, (job.started_at - job.submitted_at).total_seconds()),
    )
    write_usage(context.platform.blobs, context.name, usage)


def _environment(context: Context, run_id: str) -> dict[str, str]:
    """How the job's own logging finds MLflow. The trials of a search do not all log into the one run of the search."""
    variables = context.platform.models.job_environment(run_id)
    if context.workload.train.search is None:
        return variables
    alone = {name: value for name, value in variables.items() if name != "MLFLOW_RUN_ID"}
    return {**alone, "MLFLOW_EXPERIMENT_NAME": context.name}


def cancel_job(context: Context, manifest: DatasetManifest) -> None:
    """End the job on this data, if one runs."""
    compute = context.platform.compute
    name = _next_attempt(compute, context.name, key_of_training(context, manifest.version))
    with suppress(NotFound):
        if compute.get(name).status is JobStatus.RUNNING:
            compute.cancel(name)


def _next_attempt(compute: Compute, workload: str, key: str) -> str:
    """The job that runs, can be carried on or has succeeded under this key, or the name of the next attempt."""
    attempt = 1
    while True:
        name = job_name(workload, key, attempt)
        try:
            job = compute.get(name)
        except NotFound:
            return name
        if job.status in (JobStatus.RUNNING, JobStatus.COMPLETED) or job.resumable:
            return name
        attempt += 1


def _wait(compute: Compute, spec: JobSpec) -> Job:
    logger = get_run_logger()
    job = compute.submit(spec)
    logger.info("Job %s: %s", spec.name, " ".join(spec.command))
    progress: Any = create_progress_artifact(
        0.0, key=f"{spec.tags['workload']}-training", description=f"Job {spec.name}"
    )
    if compute.shares_this_machine:  # elsewhere the wait is long, and memory is held all the while
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    started = time.monotonic()
    shown = 0.0
    while not job.status.ended:
        # Between two looks at a job there is nothing to wait on; its end is noticed a twentieth of its time late.
        time.sleep(min(max(0.05 * (time.monotonic() - started), 0.1), 10.0))
        job = compute.get(spec.name)
        elapsed = time.monotonic() - started
        if elapsed > spec.time_limit_seconds + 60:
            compute.cancel(spec.name)
            raise TrainingFailed(f"Job {spec.name} did not end within {spec.time_limit_seconds} s.")
        share = 100 * elapsed / spec.time_limit_seconds
        if share - shown > 1:
            shown = share
            update_progress_artifact(
                progress, min(share, 99.0), description=f"Job {spec.name}: share of its time limit"
            )
    update_progress_artifact(progress, 100.0, description=f"Job {spec.name} {job.status.value}")
    return job
