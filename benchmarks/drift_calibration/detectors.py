"""Who watches: this service, Evidently's preset, tests of Kolmogorov and Smirnov with Bonferroni's correction.

A detector takes a case and returns, by the name it is told under, the findings of each episode's windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.drift_calibration.cases import LABEL, PREDICTION, PROBABILITY, Case
from lifecycle.columns import Column
from lifecycle.findings import Finding

Told = dict[str, list[list[Sequence[Finding]]]]  # by detector, episode and window
Detector = Callable[[Case], Told]
OURS = "Perennial"
DATASET = "dataset"  # Evidently's word on all columns
HALF = 0.5  # its default share of drifted columns
ALPHA = 0.05
MINIMUM_ROWS = 300
TOLERANCE = 0.05  # share of the metric that may be lost: the service's default


class Watch:
    """What this service says of a window's inputs: each column, and all together."""

    def __init__(self, reference: pd.DataFrame, columns: Sequence[Column]) -> None:
        from monitoring.domain import DomainReference
        from monitoring.profile import reference_profile

        self._profile = reference_profile(reference, columns).for_decisions()
        self._together = DomainReference.of(reference, columns)

    def look(self, window: pd.DataFrame) -> list[Finding]:
        """The findings of a window."""
        from monitoring.domain import domain_finding
        from monitoring.drift import drift_findings, score_columns

        together = self._together.drift(window)
        return [*drift_findings(score_columns(self._profile, window)), domain_finding(together)]


def perennial(case: Case) -> Told:
    """This service's drift."""
    return {OURS: _each(case, Watch(case.reference, case.columns).look)}


def perennial_performance(case: Case) -> Told:
    """What the model achieves by the labels that have come, against what it achieved on the reference."""
    from monitoring.metrics import metrics_for
    from monitoring.performance import Joined, degradation_limit, has_degraded, realised

    metric = "roc_auc"
    known = case.reference
    promised = metrics_for("classification", known[LABEL], known[PREDICTION], known[PROBABILITY], [0, 1])[metric]

    def look(window: pd.DataFrame) -> list[Finding]:
        found = realised(
            "classification", Joined(window, 1.0, len(window)), metric, classes=[0, 1], minimum_rows=MINIMUM_ROWS
        )
        lost = has_degraded(promised, found, TOLERANCE)
        return [
            Finding(
                kind="performance",
                subject=metric,
                score=found.value,
                threshold=degradation_limit(metric, promised, TOLERANCE),
                significant=lost is True,
                conclusive=lost is not None,
                message=f"{metric} over {found.rows} labels",
            )
        ]

    return {OURS: _each(case, look)}


def evidently(case: Case) -> Told:
    """The verdicts of `DataDriftPreset()`: on the dataset (half of the columns), and on any column.

    By the functions that the preset calls for each column, without what it draws, which takes a second a window.
    """
    extra = [name for name in (LABEL, PREDICTION) if name in case.reference]
    types = {column.name: "num" if column.numeric else "cat" for column in case.columns} | dict.fromkeys(extra, "cat")

    def look(window: pd.DataFrame) -> list[Finding]:
        flagged = {name: _of_preset(kind, case.reference[name], window[name]) for name, kind in types.items()}
        return findings({DATASET: sum(flagged.values()) >= HALF * len(flagged), **flagged})

    found = _each(case, look)
    return {"Evidently, dataset": _only(found, {DATASET}), "Evidently, any column": _only(found, types)}


def kolmogorov_smirnov(case: Case) -> Told:
    """A test a column, of categories chi-square, at 5 % over the columns."""
    extra = [name for name in (LABEL, PREDICTION, PROBABILITY) if name in case.reference]
    columns = [*case.columns, *(Column(name=name, type="number") for name in extra)]
    level = ALPHA / len(columns)

    def look(window: pd.DataFrame) -> list[Finding]:
        values = {one.name: _p_value(one, case.reference[one.name], window[one.name]) for one in columns}
        return findings({name: value < level for name, value in values.items()})

    return {"KS, Bonferroni": _each(case, look)}


def findings(flagged: Mapping[str, bool]) -> list[Finding]:
    """A finding a column, of those that others flag."""
    return [
        Finding(
            kind="drift",
            subject=name,
            score=None,
            threshold=None,
            significant=bool(significant),
            conclusive=True,
            message=name,
        )
        for name, significant in flagged.items()
    ]


def _each(case: Case, look: Callable[[pd.DataFrame], Sequence[Finding]]) -> list[list[Sequence[Finding]]]:
    return [[look(window) for window in episode.windows] for episode in case.episodes]


def _only(episodes: list[list[Sequence[Finding]]], subjects: Iterable[str]) -> list[list[Sequence[Finding]]]:
    kept = frozenset(subjects)
    return [[[one for one in window if one.subject in kept] for window in episode] for episode in episodes]


def _of_preset(kind: str, then: pd.Series, now: pd.Series) -> bool:
    """Whether Evidently's default test for such a column calls it drifted; it leaves out what is missing."""
    from evidently.legacy.calculations.stattests import get_stattest

    then, now = (values.replace([-np.inf, np.inf], np.nan).dropna() for values in (then, now))
    test = get_stattest(then, now, kind, None)
    return bool(test(then, now, kind, None).drifted)


def _p_value(column: Column, then: pd.Series, now: pd.Series) -> float:
    from scipy.stats import chi2_contingency, ks_2samp

    if column.numeric:
        return float(ks_2samp(then.dropna(), now.dropna(), method="asymp").pvalue)
    both = pd.concat([then.value_counts(), now.value_counts()], axis=1).fillna(0)
    return float(chi2_contingency(both.to_numpy()).pvalue)
