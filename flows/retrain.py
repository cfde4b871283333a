"""retrain: the newest data, a new candidate, and its release; started by an event, a schedule or a person."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from prefect.concurrency.sync import concurrency
from pydantic import Field

from flows.parameters import LEASE_SECONDS, WorkloadName
from tasks.context import open_context
from tasks.story import record, tell


@flow(name="retrain", flow_run_name="retrain-{workload}", description="Train on the newest data and release what wins.")
def retrain(
    workload: WorkloadName,
    reason: Annotated[str, Field(title="Reason", description="Why, in words.", max_length=4000)] = "asked for by hand",
    key: Annotated[
        str, Field(title="Key", description="What asked for it. The same key is the same retraining.")
    ] = "manual",
) -> int:
    """The candidate's version. One a workload at a time."""
    from flows.ingest import ingest_into  # here, where the run is Running already: pandas takes half a second
    from flows.train import start_release, train_on

    context = open_context(workload)
    with concurrency(f"retrain-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        record(context, "requested", key, f"A retraining was asked for: {reason}")
        manifest = ingest_into(context)
        version = train_on(context, manifest, trigger=key)
        run = start_release(context, version)
    tell(
        context,
        "retraining",
        f"### Version {version.version} is on its way\n\n**Why:** {reason}\n\n"
        f"Trained on dataset {manifest.version}; its release is the flow run [`{run}`](/runs/flow-run/{run}).",
    )
    return version.version
