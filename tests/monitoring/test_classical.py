"""The classical statistics are Evidently's and scipy's, from sorted values exactly, from a profile within 1e-3."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, ks_2samp, wasserstein_distance

from lifecycle.columns import Column, ColumnType
from monitoring.classical import classical_scores
from monitoring.counts import count_window
from monitoring.exact import exact_scores, sort_reference
from monitoring.profile import Profile, reference_profile

Draw = Callable[[np.random.Generator, int, float], np.ndarray]


def _outlying(rng: np.random.Generator, rows: int, shift: float) -> np.ndarray:
    values = rng.normal(shift, 1, rows)
    values[rows // 2] = 1e4 * (1 + shift)
    return values


def _holed(rng: np.random.Generator, rows: int, shift: float) -> np.ndarray:
    values = rng.normal(shift, 1, rows)
    values[rng.random(rows) < 0.6] = np.nan
    values[:3] = [np.inf, -np.inf, np.nan]
    return values


def _tied(rng: np.random.Generator, rows: int, shift: float) -> np.ndarray:
    return np.where(rng.random(rows) < 0.4, 0.0, np.round(rng.gamma(2, 2, rows) + shift, 2))


NUMBERS: dict[str, tuple[ColumnType, Draw]] = {
    "normal": ("number", lambda rng, rows, shift: rng.normal(shift, 1, rows)),
    "skewed": ("number", lambda rng, rows, shift: rng.lognormal(shift, 1, rows)),
    "heavy tails": ("number", lambda rng, rows, shift: rng.standard_t(2, rows) + shift),
    "an outlier": ("number", _outlying),
    "ties": ("number", _tied),
    "missing": ("number", _holed),
    "other units": ("number", lambda rng, rows, shift: rng.normal(5, 1, rows) * (1000 if shift else 1)),
    "few integers": ("integer", lambda rng, rows, shift: rng.poisson(4 * (1 + shift), rows)),
    "many integers": ("integer", lambda rng, rows, shift: rng.lognormal(8 + shift, 1, rows).astype(int)),
}


def evidently(reference: pd.DataFrame, window: pd.DataFrame, numeric: bool) -> dict[str, float]:
    """Its scores of the column x by method."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    methods = ["wasserstein", "psi", "jensenshannon"] if numeric else ["psi", "jensenshannon", "chisquare"]
    definition = DataDefinition(**{"numerical_columns" if numeric else "categorical_columns": ["x"]})
    snapshot = Report([ValueDrift(column="x", method=method) for method in methods]).run(
        *(Dataset.from_pandas(frame, data_definition=definition) for frame in (window, reference))
    )
    return {metric["config"]["method"]: float(metric["value"]) for metric in snapshot.dict()["metrics"]}


def frames(draw: Draw, rows: int, shift: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(rows)
    return pd.DataFrame({"x": draw(rng, rows, 0.0)}), pd.DataFrame({"x": draw(rng, rows // 2, shift)})


def by_profile(reference: pd.DataFrame, window: pd.DataFrame, type_: ColumnType) -> dict[str, float]:
    profile = reference_profile(reference, [Column(name="x", type=type_)])
    stored = Profile.model_validate_json(profile.model_dump_json())
    return classical_scores(stored.columns[0], count_window(stored, window).columns[0])


def exactly(reference: pd.DataFrame, window: pd.DataFrame, type_: ColumnType) -> dict[str, float]:
    return exact_scores(sort_reference(reference, [Column(name="x", type=type_)]), window)["x"]


@pytest.mark.filterwarnings("ignore")  # Evidently's own
@pytest.mark.parametrize("rows", [1000, 20_000])
@pytest.mark.parametrize("shift", [0.0, 0.3])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_score_as_evidently_and_scipy_score_them(name: str, shift: float, rows: int) -> None:
    type_, draw = NUMBERS[name]
    reference, window = frames(draw, rows, shift)
    expected = evidently(reference, window, numeric=True)
    then, now = (frame["x"][np.isfinite(frame["x"])] for frame in (reference, window))
    expected["ks"] = float(ks_2samp(then, now).statistic)
    assert exactly(reference, window, type_) == pytest.approx(expected, abs=1e-6, rel=1e-9)
    # Up to 2,048 values are kept to the digit; beyond, scores over one are held relatively.
    assert by_profile(reference, window, type_) == pytest.approx(expected, abs=1e-6 if rows < 2000 else 1e-3, rel=1e-3)
    assert expected["wasserstein"] == pytest.approx(wasserstein_distance(then, now) / max(np.std(then), 0.001))


CATEGORIES: dict[str, tuple[list[float], list[float]]] = {
    "steady": ([0.6, 0.3, 0.1, 0.0], [0.6, 0.3, 0.1, 0.0]),
    "moved": ([0.6, 0.3, 0.1, 0.0], [0.5, 0.4, 0.1, 0.0]),
    "one vanished": ([0.6, 0.3, 0.1, 0.0], [0.7, 0.3, 0.0, 0.0]),
    "one appeared": ([0.6, 0.3, 0.1, 0.0], [0.6, 0.3, 0.05, 0.05]),
    "one is rare": ([0.6, 0.3, 0.0995, 0.0005], [0.6, 0.3, 0.1, 0.0]),
}


@pytest.mark.filterwarnings("ignore")  # Evidently's own
@pytest.mark.parametrize("case", CATEGORIES)
def test_categories_score_as_evidently_and_scipy_score_them(case: str) -> None:
    rng = np.random.default_rng(7)
    reference, window = (
        pd.DataFrame({"x": rng.choice(np.array(list("abcd"), dtype=object), rows, p=shares)}).mask(
            rng.random((rows, 1)) < 0.1
        )
        for rows, shares in zip((8000, 3000), CATEGORIES[case], strict=True)
    )
    expected = evidently(reference, window, numeric=False)
    assert exactly(reference, window, "category") == pytest.approx(expected, abs=1e-6)
    assert by_profile(reference, window, "category") == pytest.approx(expected, abs=1e-6)
    then, now = (frame["x"].value_counts().reindex(list("abcd"), fill_value=0) for frame in (reference, window))
    if (then > 0).all():
        assert expected["chisquare"] == pytest.approx(chisquare(now, then * (now.sum() / then.sum())).pvalue)


def test_what_the_counts_do_not_allow_is_not_told() -> None:
    values = pd.DataFrame({"x": np.arange(1000.0)})
    nothing = pd.DataFrame({"x": [np.nan] * 400})
    for reference, window in ((values, nothing), (nothing, values)):
        assert by_profile(reference, window, "number") == {}
        assert exactly(reference, window, "number") == {}
    names = pd.DataFrame({"x": [f"c{place}" for place in range(3000)]})
    assert by_profile(names, names, "category") == {}


def test_a_constant_column_scores_as_its_values_do() -> None:
    reference, window = pd.DataFrame({"x": np.full(500, 2.0)}), pd.DataFrame({"x": np.full(500, 3.0)})
    same = by_profile(reference, reference, "number")
    assert same == pytest.approx({"wasserstein": 0, "ks": 0, "psi": 0, "jensenshannon": 0})
    assert by_profile(reference, window, "number")["wasserstein"] == pytest.approx(1000)  # over the smallest norm
    assert by_profile(reference, window, "number") == pytest.approx(exactly(reference, window, "number"))
