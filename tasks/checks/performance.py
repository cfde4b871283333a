"""Does the model still achieve what it promised? By labels where they have come, by an estimate where they have not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.findings import Finding
from lifecycle.forecast import ForecastTerms
from lifecycle.metrics import ESTIMATED
from lifecycle.workload import Workload
from monitoring.confidence_based import estimate_classification
from monitoring.direct_loss import estimate_regression
from monitoring.estimate import Estimate
from monitoring.judgement import finding
from monitoring.model_reference import said_in
from monitoring.performance import Realised, degradation_limit, has_degraded, realised, widening
from monitoring.standing import judge_concept, judge_standing, standing
from platforms.ports import RegisteredModel
from tasks.backtest import promised_at_worst
from tasks.checks.observed import CONFIDENCE, Observed
from tasks.context import Context
from tasks.model_reference import read_loss_reference
from tasks.observation import Window, inputs_of
from tasks.registration import metrics_of
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd


@step(name="check performance")
def check_performance(observed: Observed) -> list[Finding]:
    """By labels; by the estimate, where the model has a reference for one; and whether the two disagree."""
    manifest = observed.reference.manifest
    found = performance_by_labels(
        observed.context, observed.champion, observed.window, manifest.holdout_rows, manifest.terms
    )
    return [found, *_without_labels(observed)] if observed.context.workload.monitor.estimate else [found]


def performance_by_labels(
    context: Context,
    champion: RegisteredModel,
    window: Window,
    reference_rows: int,
    terms: ForecastTerms | None = None,
) -> Finding:
    """The metric that decides, over the labels that have come.

    reference_rows: held-out rows that the champion's promise was measured on. terms: of a forecast.
    """
    measured = _by_labels(context.workload, window, context.workload.metric, terms)
    promised = promised_at_worst(champion, measured.metric, metrics_of(champion).get(measured.metric))
    return _realised(context, measured, promised, reference_rows)


def _without_labels(observed: Observed) -> list[Finding]:
    workload = observed.context.workload
    if not ESTIMATED[workload.kind]:
        return []
    metric = workload.metric if workload.metric in ESTIMATED[workload.kind] else ESTIMATED[workload.kind][0]
    promised = metrics_of(observed.champion).get(metric)
    measured = _by_labels(workload, observed.window, metric)
    window = observed.window
    # Labels may have come for other rows than the window's, which may be harder with no concept having changed.
    estimate = _estimated(observed, metric, window.joined.frame if measured.conclusive else window.predictions)
    if estimate is None or promised is None:
        return []
    if measured.conclusive:  # labels overrule the estimate: what it is still good for is to be contradicted
        concept = judge_concept(measured, estimate)
        return [finding("drift", concept)] if concept.conclusive else []
    lost = judge_standing(standing(measured, estimate), promised, workload.monitor.tolerance)
    effect = None if estimate.value is None else estimate.value - promised
    return [finding("estimate", lost, effect=effect, confidence=CONFIDENCE if lost.conclusive else None)]


def _by_labels(workload: Workload, window: Window, metric: str, terms: ForecastTerms | None = None) -> Realised:
    minimum = workload.monitor.minimum_rows
    return realised(workload.kind, window.joined, metric, terms=terms, minimum_rows=minimum, confidence=CONFIDENCE)


def _estimated(observed: Observed, metric: str, rows: pd.DataFrame) -> Estimate | None:
    """None where the champion was registered without what an estimate needs, or does not say how sure it is.

    rows: predictions.
    """
    model, minimum = observed.model, observed.minimum_rows
    if model is None or rows.empty:
        return None
    prediction, probability = said_in(rows, model.classes)
    if model.calibrated is not None:
        if probability is None:
            return None
        return estimate_classification(
            model.calibrated, metric, probability, prediction, minimum_rows=minimum, confidence=CONFIDENCE
        )
    losses = read_loss_reference(observed.context, observed.champion)
    if losses is None:
        return None
    inputs = inputs_of(rows)
    return estimate_regression(losses, metric, inputs, prediction, minimum_rows=minimum, confidence=CONFIDENCE)


def _realised(context: Context, measured: Realised, promised: float | None, reference_rows: int) -> Finding:
    tolerance = context.workload.monitor.tolerance
    widened = widening(measured.rows, reference_rows)
    degraded = None if promised is None else has_degraded(promised, measured, tolerance, widened)
    return Finding(
        kind="performance",
        subject=measured.metric,
        score=measured.value,
        threshold=None if promised is None else degradation_limit(measured.metric, promised, tolerance),
        significant=degraded is True,
        conclusive=degraded is not None,
        message=_told(measured, promised),
        effect=None if promised is None or measured.value is None else measured.value - promised,
        confidence=CONFIDENCE if measured.conclusive else None,
    )


def _told(measured: Realised, promised: float | None) -> str:
    if promised is None:
        return f"the champion promised no {measured.metric}"
    if measured.value is None or measured.low is None or measured.high is None:
        return f"{measured.metric} cannot be told: {measured.reason}"
    interval = f"{measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]"
    return f"{measured.metric} is {interval} on {measured.rows} labels, promised {promised:.3f}"
