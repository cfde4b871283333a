"""train: a job on the platform's compute makes a candidate in the registry."""

from __future__ import annotations

from prefect import flow

from flows.cancellation import cancel_training
from flows.parameters import DatasetVersion, WorkloadName
from lifecycle.dataset import DatasetManifest
from platforms.ports import RegisteredModel
from tasks.context import Context, open_context
from tasks.datasets import read_manifest
from tasks.registration import evaluate_and_register, metrics_of, registered_under
from tasks.releasing import start_release
from tasks.searching import found_by
from tasks.story import record, tell, tell_link, this_run
from tasks.training import key_of_training, run_job


@flow(
    name="train",
    flow_run_name="train-{workload}",
    description="Train, evaluate and register a candidate.",
    on_cancellation=[cancel_training],
)
def train(
    workload: WorkloadName,
    dataset_version: DatasetVersion = None,
    release: bool = False,
) -> int:
    """The candidate's version in the registry. The same data, code and parameters give the same version.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        dataset_version: What to train on. Empty: ingest the newest data first.
        release: Start the release of the candidate, too.
    """
    context = open_context(workload)
    manifest = _newest(context) if dataset_version is None else _named(context, dataset_version)
    version = train_on(context, manifest, trigger="manual")
    if release:
        start_release(context, version)
    return version.version


def train_on(context: Context, manifest: DatasetManifest, trigger: str) -> RegisteredModel:
    """The steps of `train` after the data."""
    key = key_of_training(context, manifest.version)
    version = registered_under(context, key)
    if version is None:
        version = _train(context, manifest, key, trigger)
    _tell(context, manifest, version)
    return version


def _newest(context: Context) -> DatasetManifest:
    from flows.ingest import ingest_into  # here, where the run is Running already: pandas takes half a second

    return ingest_into(context)


def _named(context: Context, dataset_version: str) -> DatasetManifest:
    return read_manifest(context.platform.blobs, context.name, dataset_version)


def _train(context: Context, manifest: DatasetManifest, key: str, trigger: str) -> RegisteredModel:
    models = context.platform.models
    tags = {"workload": context.name, "dataset_version": manifest.version, "trigger": trigger}
    run_id = models.start_run(context.name, key, tags)
    try:
        job = run_job(context, manifest, key, run_id)
        return evaluate_and_register(context, manifest, job, key, run_id, trigger)
    except Exception:
        models.finish_run(run_id, False, {}, {})
        raise


def _tell(context: Context, manifest: DatasetManifest, version: RegisteredModel) -> None:
    metrics = metrics_of(version)
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in metrics.items())
    header = f"### Version {version.version} of {context.name}, from dataset {manifest.version}"
    if found := found_by(version):
        header += f"\n\n{found}"
    tell(context, "candidate", f"{header}\n\n| metric on the hold-out | value |\n|---|---|\n{rows}")
    tell_link(context, "registry", context.platform.models.version_url(context.name, version.version), "In MLflow")
    record(
        context,
        "trained",
        str(version.version),
        f"Version {version.version} was trained on dataset {manifest.version}: "
        f"{context.workload.metric} {metrics.get(context.workload.metric, float('nan')):.4f}.",
        model_version=version.version,
        dataset_version=manifest.version,
        evidence={"metrics": metrics, "run_id": version.run_id, "by": this_run()},
    )
