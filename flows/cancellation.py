"""What a cancelled flow run takes with it: the job that it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State


def cancel_training(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Prefect's hook: runs on Cancelled, and not where a process merely died, whose job goes on to be found again."""
    from tasks.context import open_context
    from tasks.datasets import newest_manifest, read_manifest
    from tasks.training import cancel_job

    context = open_context(flow_run.parameters["workload"])
    wanted = flow_run.parameters.get("dataset_version")
    blobs = context.platform.blobs
    manifest = read_manifest(blobs, context.name, wanted) if wanted else newest_manifest(blobs, context.name)
    if manifest is not None:
        cancel_job(context, manifest)


def cancel_batch_scoring(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """As above, for the scoring of files."""
    from tasks.batch_scoring import cancel_scoring, key_of
    from tasks.context import open_context

    context = open_context(flow_run.parameters["workload"])
    given = {name: flow_run.parameters.get(name) for name in ("model_version", "key")}
    cancel_scoring(context, key_of(context, flow_run.parameters["input_prefix"], **given))
