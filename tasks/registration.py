"""From a job's outputs to a registered candidate."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from lifecycle.dataset import DatasetManifest
from lifecycle.tags import DATASET, KEY, LEARNT_SINCE
from platforms.ports import Job, RegisteredModel
from tasks.backtest import backtest_tags
from tasks.context import Context
from tasks.datasets import read_holdout
from tasks.model_reference import write_model_reference
from tasks.searching import search_tags, tell_trials
from tasks.step import step

METRICS = "perennial.metrics"
TRIGGER = "perennial.trigger"  # why it was trained: manual, schedule, or the decision's key
UNNAMED = ("manual", "schedule")  # triggers that ask anew each time


def metrics_of(version: RegisteredModel) -> dict[str, float]:
    """What the version reached on the hold-out of its own dataset version."""
    metrics: dict[str, float] = json.loads(version.tags.get(METRICS, "{}"))
    return metrics


def registered_under(context: Context, key: str) -> RegisteredModel | None:
    """The version that this very training made before."""
    versions = context.platform.models.versions(context.name)
    return next((version for version in versions if version.tags.get(KEY) == key), None)


def trained_for(context: Context, trigger: str) -> RegisteredModel | None:
    """The newest version that was trained for this decision."""
    versions = context.platform.models.versions(context.name)
    return next((version for version in reversed(versions) if version.tags.get(TRIGGER) == trigger), None)


@step(name="evaluate and register")
def evaluate_and_register(
    context: Context, manifest: DatasetManifest, job: Job, key: str, run_id: str, trigger: str
) -> RegisteredModel:
    """Evaluate on the hold-out, pack, register. UnusableModel where the job left none that could be served."""
    from platforms.packing import MODEL_FILE, load_model, pack
    from tasks.evaluation import evaluate  # here, after the wait for the job: pandas takes 90 MB

    models = context.platform.models
    holdout = read_holdout(context, manifest.version)
    with tempfile.TemporaryDirectory() as name:
        outputs = context.platform.compute.fetch_outputs(job.name, Path(name))
        trials = tell_trials(context, outputs, run_id)
        model, trusted = load_model(outputs / MODEL_FILE)
        metrics = evaluate(context.workload, model, holdout)
        write_model_reference(context, key, model, holdout)
        packed = pack(model, trusted, manifest, holdout.features.head(5), Path(name) / "packed")
        tags = {
            DATASET: manifest.version,
            METRICS: json.dumps(metrics),
            TRIGGER: trigger,
            "perennial.job": job.name,
            "perennial.kind": manifest.kind,
            **({LEARNT_SINCE: manifest.since.isoformat()} if manifest.since else {}),
            **search_tags(trials),
            **backtest_tags(context, manifest, outputs),
        }
        version = models.register(context.name, run_id, packed, key, tags)
    found = trials.best.parameters if trials is not None and trials.best is not None else {}
    params = {name: str(value) for name, value in found.items()}
    models.finish_run(run_id, True, metrics, {**params, "dataset_version": manifest.version, "job": job.name})
    return version
