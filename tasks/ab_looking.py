"""What an A/B test has shown so far: log and labels by caller, as `monitoring.ab_test` wants them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.ab_test import AbLook, AbPlan
from lifecycle.metrics import predicts_numbers
from platforms.labels import read_labels
from tasks.clock import now
from tasks.context import Context

if TYPE_CHECKING:
    import pandas as pd  # half a second

    from monitoring.ab_test import Answer, Rows

FRONT_IS_LATE = timedelta(minutes=1)  # that a front may go on with a test that is over


def look(context: Context, plan: AbPlan, end: datetime | None = None) -> Answer:
    """The answer by all that is logged and labelled by now. end: when it was over; its labels may come later."""
    from monitoring.ab_test import analyse

    rows = rows_of(context, plan, now() if end is None else end + FRONT_IS_LATE)
    return analyse(rows, plan.share / 100, plan.better, plan.alpha)


def rows_of(context: Context, plan: AbPlan, end: datetime) -> Rows:
    """The test's predictions, each with the value that its label gives it."""
    import pandas as pd

    from monitoring.ab_test import Rows
    from monitoring.performance import join_labels
    from tasks.observation import CLOCKS_APART, predictions_between

    made = predictions_between(context, plan.began - CLOCKS_APART, end)
    made = made[made["caller"].astype(str).str.startswith(f"{plan.test}.")].drop_duplicates("correlation_id")
    labels = read_labels(context.platform.blobs, context.name, since=plan.began - CLOCKS_APART)
    labelled = join_labels(made, labels).frame
    values = _values(context, plan, labelled) if len(labelled) else pd.Series(dtype=float)
    arm = made["caller"].astype(str).str.split(".").str[1]
    return Rows(
        made["caller"].astype(str).to_numpy(),
        (arm == "challenger").to_numpy(),
        (made["model_version"] == plan.challenger).to_numpy(),
        made["correlation_id"].astype(str).map(values).astype(float).to_numpy(),
    )


def as_look(answer: Answer, at: datetime) -> AbLook:
    """For the picture."""
    callers = answer.champion.measured + answer.challenger.measured
    return AbLook(
        at=at, callers=callers, verdict=answer.verdict, difference=answer.difference, low=answer.low, high=answer.high
    )


def as_table(answer: Answer, plan: AbPlan) -> list[dict[str, Any]]:
    """An arm a row, and the difference."""
    arms = {f"champion, version {plan.champion}": answer.champion}
    arms[f"challenger, version {plan.challenger}"] = answer.challenger
    rows = [
        {
            "arm": name,
            "callers": arm.callers,
            "measured": arm.measured,
            f"mean {plan.metric}": "none" if arm.mean is None else f"{arm.mean:.4g}",
            "answered by the other version": arm.elsewhere,
        }
        for name, arm in arms.items()
    ]
    return [*rows, {"arm": "difference", f"mean {plan.metric}": in_words(answer, plan)}]


def in_words(answer: Answer, plan: AbPlan) -> str:
    """The difference with its interval."""
    if answer.difference is None:
        return answer.why
    level = f"{100 * (1 - plan.alpha):g} %"
    return f"{answer.difference:+.4g} [{answer.low:.4g}, {answer.high:.4g}], {level} at all looks together"


def as_record(answer: Answer) -> dict[str, Any]:
    """For the ledger and the blob."""
    return asdict(answer)


def _values(context: Context, plan: AbPlan, labelled: pd.DataFrame) -> pd.Series:
    """By correlation id: how far off the prediction was, or what came true."""
    import pandas as pd

    from monitoring.performance import labelled_outcomes
    from monitoring.row_losses import row_losses

    kind = context.workload.kind
    told, outcomes = labelled_outcomes(kind, labelled)
    if plan.metric == "loss":
        values = row_losses(outcomes, predicts_numbers(kind))
    else:
        values = outcomes.label.astype(float)  # of two classes, 1 is the second
        if not predicts_numbers(kind) and len(values) and values.max() > 1:
            raise ValueError(f"{context.name} has more than two classes, whose mean says nothing: compare by loss.")
    return pd.Series(values, index=told["correlation_id"].astype(str))
