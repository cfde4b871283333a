"""retrain: the newest data, a new candidate, and its release; started by an event, a schedule or a person."""

from __future__ import annotations

from datetime import datetime

from prefect import flow
from prefect.concurrency.sync import concurrency

from flows.cancellation import cancel_training
from flows.parameters import LEASE_SECONDS, ModelVersion, Moment, Reason, WorkloadName
from lifecycle.names import CHAMPION
from lifecycle.tags import DATASET
from tasks.context import Context, open_context
from tasks.story import record, tell


@flow(
    name="retrain",
    flow_run_name="retrain-{workload}",
    description="Train on the newest data and release what wins.",
    on_cancellation=[cancel_training],
)
def retrain(
    workload: WorkloadName,
    reason: Reason = "asked for by hand",
    key: str = "manual",
    since: Moment = None,
    instead_of: ModelVersion = None,
) -> int:
    """The candidate's version. One a workload at a time.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        reason: Why, in words.
        key: What asked for it: the same key is the same retraining, but for manual and schedule.
        since: Learn from no row from before. Empty: as the champion did.
        instead_of: Leave it empty. The candidate that passed staging, whose release asked for it.
    """
    from flows.ingest import ingest_into  # here, where the run is Running already: pandas takes half a second
    from flows.train import train_on
    from tasks.registration import UNNAMED, trained_for
    from tasks.releasing import start_release
    from tasks.retrained import take_the_place

    context = open_context(workload)
    with concurrency(f"retrain-{workload}", occupy=1, strict=True, lease_duration=LEASE_SECONDS):
        record(context, "requested", key, f"A retraining was asked for: {reason}")
        version = trained_for(context, key) if key not in UNNAMED else None
        if version is None:
            version = train_on(context, ingest_into(context, since or _as_the_champion(context)), trigger=key)
        if instead_of is not None:
            take_the_place(context, version, instead_of)
        run = start_release(context, version)
    tell(
        context,
        "retraining",
        f"### Version {version.version} is on its way\n\n**Why:** {reason}\n\n"
        f"Trained on dataset {version.tags[DATASET]}; its release is the flow run [`{run}`](/runs/flow-run/{run}).",
    )
    return version.version


def _as_the_champion(context: Context) -> datetime | None:
    """Rows from before its world would teach what no longer holds."""
    from tasks.learnable import learnt_since

    champion = context.platform.models.by_alias(context.name, CHAMPION)
    return None if champion is None else learnt_since(champion)
