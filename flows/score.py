"""score: files under a prefix are scored by a model version; what comes of them lies under `scores/NAME/KEY/`."""

from __future__ import annotations

from prefect import flow

from flows.cancellation import cancel_batch_scoring
from flows.parameters import BlobPrefix, ErrorThreshold, ModelVersion, ScoringKey, WorkloadName
from lifecycle.names import batch_endpoint
from platforms.ports import BatchSpec, Job, JobStatus
from tasks.batch_default import keep_last_batch, start_comparison
from tasks.batch_scoring import FileOutcome, Plan, ScoringFailed, make_plan, outcomes, run_scoring
from tasks.context import Context, open_context
from tasks.story import record, tell, tell_link, tell_table

MOST_TOLD = 1000  # files in the table on the run's page: the failed ones first


@flow(
    name="score",
    flow_run_name="score-{workload}",
    description="Score files in batches.",
    on_cancellation=[cancel_batch_scoring],
)
def score(
    workload: WorkloadName,
    input_prefix: BlobPrefix,
    model_version: ModelVersion = None,
    key: ScoringKey = None,
    error_threshold: ErrorThreshold = 0,
) -> str:
    """The prefix that the outputs lie under. Run again under its key it carries on, or finds what is done.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        input_prefix: Every blob under it is scored: CSV, Parquet or JSON lines.
        model_version: Which version scores. Empty: the champion, once it held on a batch of the version before.
        key: A name for this scoring. Empty: made from the version and the files, so that the same again is the same.
        error_threshold: How many files may fail before the job does; -1 for all.
    """
    context = open_context(workload)
    plan = make_plan(context, input_prefix, model_version, key)
    job, spec = run_scoring(context, plan, error_threshold)
    found = outcomes(context, plan, spec)
    summary = _tell(context, plan, job, spec, found)
    if job.status is not JobStatus.COMPLETED:
        raise ScoringFailed(f"{summary} {job.reason}")
    keep_last_batch(context, plan.model_version, plan.key, spec.outputs)
    record(
        context,
        "scored",
        plan.key,
        summary,
        model_version=plan.model_version,
        evidence={"input": plan.input_prefix, "outputs": spec.outputs, "files": len(found), "rows": _rows(found)},
    )
    start_comparison(context)
    return spec.outputs


def _tell(context: Context, plan: Plan, job: Job, spec: BatchSpec, found: list[FileOutcome]) -> str:
    """The story on the run's page; its first sentence."""
    failed = [outcome for outcome in found if outcome.error]
    summary = (
        f"Version {plan.model_version} of {context.name} scored {_rows(found)} rows of {len(found) - len(failed)} "
        f"files; {len(failed)} files failed, {sum(one.rejected for one in found)} rows were rejected: "
        f"{job.status.value}."
    )
    log = context.platform.batch.logs(batch_endpoint(context.name), spec.name, 100)
    text = f"### {summary}\n\nInput `{plan.input_prefix}`, outputs `{spec.outputs}`, job `{spec.name}`."
    tell(context, "scores", f"{text}\n\n```\n{log[-20_000:]}\n```")
    shown = sorted(found, key=lambda one: (not one.error, -one.rejected, one.file))[:MOST_TOLD]
    rows = [{"file": one.file, "rows": one.rows, "rejected": one.rejected, "failed": one.error} for one in shown]
    tell_table(context, "scored-files", rows, "What became of each file, the failed ones first")
    url = context.platform.models.version_url(context.name, plan.model_version)
    tell_link(context, "scored-by", url, f"Version {plan.model_version}")
    return summary


def _rows(found: list[FileOutcome]) -> int:
    return sum(outcome.rows for outcome in found)
