"""The columns of a window as a table, the worst first: our verdict and, beside it, the statistics that people know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitoring.drift import ColumnDrift

# As people write what `monitoring.classical` names as Evidently does. They decide nothing.
CLASSICAL: Mapping[str, str] = {
    "wasserstein": "Wasserstein (normed)",
    "psi": "PSI",
    "jensenshannon": "Jensen-Shannon",
    "ks": "KS (D)",
    "chisquare": "chi-square (p)",
}
_DIGITS = 4


def worst_first(drifts: Sequence[ColumnDrift]) -> list[ColumnDrift]:
    """Those that drifted before those that did not, then by how far the score lies beyond its threshold."""
    return sorted(drifts, key=_badness, reverse=True)


def drift_table(drifts: Sequence[ColumnDrift]) -> list[dict[str, str | float | None]]:
    """A row a column, the worst first; only those classical statistics that any of the columns has."""
    told = [name for name in CLASSICAL if any(name in drift.classical for drift in drifts)]
    return [_row(drift, told) for drift in worst_first(drifts)]


def _badness(drift: ColumnDrift) -> tuple[bool, float]:
    beyond = drift.score / drift.threshold if drift.score is not None and drift.threshold else 0.0
    return drift.drifted, beyond


def _row(drift: ColumnDrift, classical: Sequence[str]) -> dict[str, str | float | None]:
    return {
        "column": drift.column,
        "verdict": drift.verdict,
        "score": _rounded(drift.score),
        "threshold": _rounded(drift.threshold),
        "missing": f"{drift.missing_rate:.1%}",
        "missing in reference": f"{drift.reference_missing_rate:.1%}",
        **{CLASSICAL[name]: _rounded(drift.classical.get(name)) for name in classical},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
