"""Are inputs and predictions distributed as they were on the hold-out? By columns, and all columns together."""

from __future__ import annotations

from lifecycle.findings import Finding
from monitoring.domain import domain_drift, domain_finding
from monitoring.drift import ColumnDrift, drift_findings, score_columns
from monitoring.model_reference import said_in
from monitoring.prediction_drift import prediction_frame, score_predictions
from monitoring.profile import reference_profile
from tasks.checks.observed import Observed
from tasks.seasons import seasonal_drift
from tasks.step import step


@step(name="check drift")
def check_drift(observed: Observed) -> list[ColumnDrift]:
    """Every feature's drift against the champion's hold-out."""
    if not observed.asked:
        return []
    if observed.seasonal:
        return seasonal_drift(observed.context, observed.reference, observed.window.inputs)
    profile = reference_profile(observed.reference.features, observed.reference.manifest.columns)
    return score_columns(profile, observed.window.inputs, minimum_rows=observed.minimum_rows)


@step(name="check drift of all columns together")
def check_drift_together(observed: Observed) -> list[Finding]:
    """What no column shows by itself; of a series nothing, since its newest stretch is of one season."""
    if observed.seasonal or not observed.asked:
        return []
    reference, inputs = observed.reference, observed.window.inputs
    columns = reference.manifest.columns
    return [domain_finding(domain_drift(reference.features, inputs, columns, minimum_rows=observed.minimum_rows))]


@step(name="check drift of predictions")
def check_prediction_drift(observed: Observed) -> list[Finding]:
    """The prediction and its probabilities, against what the champion said of its hold-out; nothing of a series."""
    model = observed.model
    if observed.seasonal or model is None or not observed.asked:
        return []
    kind = observed.context.workload.kind
    prediction, probability = said_in(observed.window.predictions, model.classes)
    frame = prediction_frame(kind, prediction, probability, model.classes)
    return drift_findings(score_predictions(model.predictions, frame, minimum_rows=observed.minimum_rows))
