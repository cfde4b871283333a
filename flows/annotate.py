"""annotate: predictions of a window are chosen for people to label, where labels are what a decision lacks."""

from __future__ import annotations

from prefect import flow
from pydantic import AwareDatetime

from flows.parameters import AnnotationRows, Reason, WorkloadName
from lifecycle.names import labels_prefix
from tasks.context import open_context
from tasks.story import emit, record, tell


@flow(name="annotate", flow_run_name="annotate-{workload}", description="Choose predictions that people should label.")
def annotate(
    workload: WorkloadName,
    start: AwareDatetime,
    end: AwareDatetime,
    key: Reason,
    reason: Reason = "by hand",
    rows: AnnotationRows = None,
) -> str:
    """The blob that holds them; empty where every prediction of the window has its label. Safe to run again.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
        start: The window's beginning, with its offset.
        end: Its end, which is not in it.
        key: What asked for it: the same key is the same choice.
        reason: Why, in words.
        rows: How many. Empty: as many as performance by labels still wants.
    """
    from tasks.annotation import choose_predictions  # here, where the run is Running already: pandas takes a while

    context = open_context(workload)
    chosen = choose_predictions(context, key, start, end, rows)
    if chosen.blob is None:
        tell(context, "annotation", f"### Nothing to label\n\nEvery prediction from {start} to {end} has its label.")
        return ""
    summary = f"{chosen.rows} of {chosen.unlabelled} predictions without a label were chosen: {reason}."
    record(context, "sampled", key, summary, evidence={"blob": chosen.blob, "rows": chosen.rows})
    emit(context, "perennial.annotation.ready", key, {"blob": chosen.blob, "rows": chosen.rows, "reason": reason})
    tell(
        context,
        "annotation",
        f"### {chosen.rows} predictions wait for labels\n\n**Why:** {reason}\n\nThey lie in `{chosen.blob}`, a line "
        f"each. Fill in `label` and `observed_at`, and put the file under `{labels_prefix(workload)}`: the next "
        "window that holds them, and the next training, count them.",
    )
    return chosen.blob
