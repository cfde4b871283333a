"""Are some groups of people served worse than others? By the labels that have come, or by what was predicted."""

from __future__ import annotations

import pandas as pd

from lifecycle.findings import Finding
from lifecycle.limits import FairnessLimit
from lifecycle.metrics import LABEL_FREE
from monitoring.fairness import judge_groups
from monitoring.groups import grouped, groupings
from monitoring.judgement import finding
from monitoring.performance import labelled_outcomes
from tasks.checks.observed import CONFIDENCE, Observed
from tasks.observation import inputs_of
from tasks.step import step


@step(name="check fairness")
def check_fairness(observed: Observed) -> list[Finding]:
    """Every sensitive column by every limit of the workload; nothing where no column is sensitive."""
    limits = observed.context.workload.fairness
    if not limits or not observed.asked:
        return []
    by_labels = [limit for limit in limits if limit.metric not in LABEL_FREE]
    free = [limit for limit in limits if limit.metric in LABEL_FREE]
    predicted = observed.window.predictions
    # A rate of predictions asks for no label: the prediction stands in its place.
    unlabelled = predicted.assign(label=predicted["prediction"])
    return _judged(observed, observed.window.joined.frame, by_labels) + _judged(observed, unlabelled, free)


def _judged(observed: Observed, rows: pd.DataFrame, limits: list[FairnessLimit]) -> list[Finding]:
    if not limits or rows.empty:
        return []
    workload, reference = observed.context.workload, observed.reference
    sensitive = [column for column in reference.manifest.columns if column.name in workload.data.sensitive]
    classes = observed.model.classes if observed.model is not None else ()
    told, outcomes = labelled_outcomes(
        workload.kind, rows.reset_index(drop=True), classes or None, reference.manifest.terms
    )
    inputs = inputs_of(told)
    groups = grouped(inputs, groupings(reference.features, sensitive))
    _, judged = judge_groups(workload.kind, outcomes, groups, limits, confidence=CONFIDENCE)
    return [finding("fairness", one, confidence=CONFIDENCE) for one in judged]
