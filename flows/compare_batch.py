"""compare-batch: the champion scores the last batch, too; only if that holds does it score the next ones by default.

A promotion starts it where files were scored in batches before, and never waits for it; a scoring and `reconcile`
start it where it is still to be done.
"""

from __future__ import annotations

from prefect import flow

from flows.parameters import WorkloadName
from lifecycle.batch_default import BatchComparison
from tasks.batch_comparison import Found, compared
from tasks.batch_default import align, batch_standing, in_turn
from tasks.context import Context, open_context
from tasks.story import emit, record, tell, tell_table


@flow(
    name="compare-batch",
    flow_run_name="compare-batch-{workload}",
    description="Compare the champion on the last batch; if it holds, it scores batches by default.",
)
def compare_batch(workload: WorkloadName) -> str:
    """What came of it, in a sentence. Safe to run again: a verdict that was written is not made anew.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
    """
    context = open_context(workload)
    comparison = batch_standing(context).due
    summary = "" if comparison is None else _compare(context, comparison)
    with in_turn(context):
        scorer = align(context)
    by_default = f"Batches are scored by version {scorer} where none is named." if scorer else "There is no champion."
    tell(context, "batch", f"### {summary or 'Nothing is to be compared.'}\n\n{by_default}")
    return summary or by_default


def _compare(context: Context, comparison: BatchComparison) -> str:
    """The verdict, told and written, the tag last: with it the default may move."""
    found = compared(context, comparison)
    summary = _summary(context, comparison, found)
    tell_table(context, "batch-signals", found.signals, f"Version {comparison.challenger} beside {comparison.over}")
    tell_table(context, "batch-changes", found.changes, "The rows whose predictions are furthest apart")
    record(
        context,
        "compared",
        comparison.key,
        summary,
        model_version=comparison.challenger,
        evidence={"over": comparison.over, "batch": comparison.batch, "verdict": found.verdict, "files": found.files,
                  "signals": found.signals, "changes": found.changes},
    )  # fmt: skip
    event = "perennial.batch.moved" if found.verdict == "accepted" else "perennial.batch.kept"
    emit(context, event, comparison.key, {"model_version": comparison.challenger, "reason": summary[:4000]})
    tags = found.word(comparison).as_tag()
    context.platform.models.tag(context.name, comparison.challenger, tags)
    return summary


def _summary(context: Context, comparison: BatchComparison, found: Found) -> str:
    new, old = comparison.challenger, comparison.over
    if found.verdict == "accepted":
        return f"Version {new} of {context.name} scores batches by default, and no longer version {old}: {found.why}."
    told = "is no good" if found.verdict == "refused" else "cannot be judged"
    return (
        f"Version {old} of {context.name} goes on to score batches, since version {new} {told} on the last one: "
        f"{found.why}. `perennial batch-default {context.name} {new} --reason WORDS` moves it all the same."
    )
