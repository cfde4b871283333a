"""Which number counts: what the labels say, or what was estimated without them. And what a disagreement means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitoring.estimate import Estimate
from monitoring.judgement import Judgement, inconclusive
from monitoring.performance import Realised, degradation_limit, has_degraded

Source = Literal["labels", "estimate", "none"]


@dataclass(frozen=True)
class Standing:
    """How the model stands in a window, by the best evidence there is.

    source: whose number counts. value, low, high: its, None where the source is none. concept_drift: labels and
    estimate disagree by more than chance; None where only one of them could tell. reason: why this source, in words,
    with the estimate's blind spot where that is the source.
    """

    metric: str
    source: Source
    value: float | None
    low: float | None
    high: float | None
    concept_drift: bool | None
    reason: str

    @property
    def conclusive(self) -> bool:
        """Some source could tell."""
        return self.source != "none"


def standing(found: Realised, estimate: Estimate, on_labelled: Estimate | None = None) -> Standing:
    """Labels overrule the estimate as soon as there are enough of them.

    on_labelled: the estimate for the labelled rows alone. With it, a disagreement can not come from which rows got
    their labels first; without it, the two intervals must lie apart. ValueError where the metrics differ.
    """
    metrics = {found.metric, estimate.metric, on_labelled.metric if on_labelled is not None else estimate.metric}
    if len(metrics) > 1:
        raise ValueError(f"these are of different metrics: {', '.join(sorted(metrics))}")
    disagree = _disagree(found, estimate, on_labelled)
    if found.conclusive:
        reason = (
            f"{found.rows} labelled predictions ({found.labelled_share:.0%}) suffice, and labels overrule estimates"
        )
        if disagree:
            reason += f"; {_in_words(found, on_labelled or estimate, on_labelled is not None)}"
        return Standing(found.metric, "labels", found.value, found.low, found.high, disagree, reason)
    if estimate.conclusive:
        reason = f"{found.reason}, so the estimate counts. {estimate.blind_spot}"
        return Standing(found.metric, "estimate", estimate.value, estimate.low, estimate.high, None, reason)
    return Standing(found.metric, "none", None, None, None, None, f"{found.reason}; {estimate.reason}")


def judge_standing(found: Standing, reference_value: float, tolerance: float) -> Judgement:
    """Whether more than the tolerated share (0..1) of the reference value is lost, by more than chance."""
    if found.value is None or found.low is None or found.high is None:
        return inconclusive(found.metric, f"{found.metric} is not known: {found.reason}")
    limit = degradation_limit(found.metric, reference_value, tolerance)
    lost = has_degraded(reference_value, found, tolerance)
    by = "by labels" if found.source == "labels" else "by estimate"
    word = {True: "is lost", False: "holds", None: "may be lost, or it is chance"}[lost]
    message = f"{found.metric} {word}: {found.value:.4g} [{found.low:.4g}, {found.high:.4g}] {by}"
    message += f", limit {limit:.4g}; {found.reason}"
    return Judgement(found.metric, found.value, limit, lost is True, lost is not None, message)


def judge_concept(found: Realised, estimate: Estimate, on_labelled: Estimate | None = None) -> Judgement:
    """Whether labels and estimate disagree: that the same inputs have come to have other labels."""
    subject, told = f"concept ({found.metric})", on_labelled or estimate
    disagree = standing(found, estimate, on_labelled).concept_drift
    if disagree is None:
        reason = found.reason if not found.conclusive else told.reason
        return inconclusive(subject, f"Whether the concept drifted cannot be told: {reason}", found.value, told.value)
    if disagree:
        message = _in_words(found, told, on_labelled is not None)
    else:
        message = f"{found.metric} by labels {found.value:.4g} and by estimate {told.value:.4g} agree"
    return Judgement(subject, found.value, told.value, disagree, True, message)


def _disagree(found: Realised, estimate: Estimate, on_labelled: Estimate | None) -> bool | None:
    told = on_labelled or estimate
    if not (found.conclusive and told.conclusive):
        return None
    if found.value is None or found.low is None or found.high is None or told.low is None or told.high is None:
        return None
    if on_labelled is not None:
        # The interval is where the labels of these very rows would put the metric.
        return not told.low <= found.value <= told.high
    return found.high < told.low or told.high < found.low


def _in_words(found: Realised, told: Estimate, same_rows: bool) -> str:
    text = (
        f"labels say {found.metric} {found.value:.4g}, the estimate {told.value:.4g} [{told.low:.4g}, {told.high:.4g}]"
    )
    cause = "the same inputs have come to have other labels (concept drift)"
    if not same_rows:
        cause += ", or the rows that have labels are not like the rest"
    return f"{text}: {cause}"
