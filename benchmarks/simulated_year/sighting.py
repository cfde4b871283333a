"""What the service sees of a day: the findings of its own checks, from what is known that evening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from benchmarks.simulated_year.learning import CLASSES, METRIC, WORKLOAD, Model
from benchmarks.simulated_year.world import COLUMNS, World
from benchmarks.simulated_year.year import Evening
from lifecycle.findings import Finding
from monitoring.confidence_based import CalibratedReference, calibrated_reference, estimate_classification
from monitoring.label_arrival import newly_labelled
from monitoring.performance import Joined, Measured, degradation_limit, has_degraded, realised, widening
from monitoring.window_quality import quality_findings, quality_reference

YEAR_BEGINS = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
CONFIDENCE = 0.99


def at(day: float) -> datetime:
    """The moment so many days into the year."""
    return YEAR_BEGINS + timedelta(days=float(day))


@dataclass(frozen=True)
class Reference:
    """What windows of one version are held against: its hold-out."""

    frame: pd.DataFrame
    calibrated: CalibratedReference


def reference_of(world: World, model: Model) -> Reference:
    """From the rows that the model was not trained on."""
    frame, label = world.features.iloc[model.holdout], world.label[model.holdout]
    return Reference(frame, calibrated_reference(label, model.probability(frame), CLASSES))


def findings_of(evening: Evening, reference: Reference) -> list[Finding]:
    """Fitness of the day's inputs; performance by the labels that came today, and by estimate.

    Drift is left out: under the default policy it opens an investigation, and retrains nothing.
    """
    world, minimum = evening.world, WORKLOAD.monitor.minimum_rows
    today = world.between(evening.now - 1, evening.now)
    current = world.features.iloc[today]
    return [
        *quality_findings(quality_reference(reference.frame, COLUMNS), current, minimum_rows=minimum),
        _performance(evening),
        _estimate(evening, reference, evening.log.probability[today]),
    ]


def labelled_by_champion(evening: Evening) -> np.ndarray:
    """The places of the champion's own predictions whose labels have come, the oldest first."""
    rows = evening.world.arrived(evening.now, evening.champion_since)
    return rows[evening.log.version[rows] == evening.champion.version]


def _performance(evening: Evening) -> Finding:
    rows, minimum = labelled_by_champion(evening), WORKLOAD.monitor.minimum_rows
    world = evening.world
    labelled = pd.DataFrame(
        {
            "time": pd.to_timedelta(world.made_at[rows], unit="D") + YEAR_BEGINS,
            "observed_at": pd.to_timedelta(world.labelled_at[rows], unit="D") + YEAR_BEGINS,
            "label": world.label[rows],
            "prediction": (evening.log.probability[rows] > 0.5).astype(int),
            "probability": evening.log.probability[rows],
        }
    )
    new = newly_labelled(labelled, at(evening.now - 1), at(evening.now), minimum)
    found = realised(
        WORKLOAD.kind,
        Joined(new, 1.0, len(new)),
        METRIC,
        classes=CLASSES,
        minimum_rows=minimum,
        confidence=CONFIDENCE,
    )
    message = f"{METRIC} by {found.rows} labels" if found.conclusive else f"{METRIC} cannot be told: {found.reason}"
    return _loss("performance", evening.champion, found, message, widening(found.rows, len(evening.champion.holdout)))


def _estimate(evening: Evening, reference: Reference, probability: np.ndarray) -> Finding:
    found = estimate_classification(reference.calibrated, METRIC, probability, confidence=CONFIDENCE)
    return _loss("estimate", evening.champion, found, found.message)


def _loss(kind: str, champion: Model, found: Measured, message: str, widened: float = 1.0) -> Finding:
    promised, tolerance = champion.promised[METRIC], WORKLOAD.monitor.tolerance
    degraded = has_degraded(promised, found, tolerance, widened)
    return Finding(
        kind=kind,  # type: ignore[arg-type]
        subject=METRIC,
        score=found.value,
        threshold=degradation_limit(METRIC, promised, tolerance),
        significant=degraded is True,
        conclusive=degraded is not None,
        message=message,
    )
