"""The metrics of forecasts, held to scikit-learn's and to the formulas as published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_pinball_loss

from lifecycle.forecast import ForecastTerms
from monitoring.comparison import compare
from monitoring.metrics import metrics_for
from monitoring.performance import Joined, realised

TERMS = ForecastTerms(levels=(0.1, 0.5, 0.9), seasonal_error=2.0)


def forecasts(rows: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels about 100, and quantiles that are right of them, shape (rows, 3)."""
    rng = np.random.default_rng(seed)
    level = rng.normal(100, 10, rows)
    return level + rng.normal(0, 1, rows), level[:, None] + np.array([-1.2816, 0.0, 1.2816])


def test_metrics_are_as_published() -> None:
    label, said = forecasts()
    found = metrics_for("forecasting", label, said, terms=TERMS)
    mae = np.abs(label - said[:, 1]).mean()
    pinball = np.mean([mean_pinball_loss(label, said[:, n], alpha=q) for n, q in enumerate(TERMS.levels)])
    inside = ((said[:, 0] <= label) & (label <= said[:, 2])).mean()
    assert found == pytest.approx(
        {
            "mase": mae / 2,
            "mae": mae,
            "rmse": np.sqrt(((label - said[:, 1]) ** 2).mean()),
            "pinball": pinball,
            "coverage": inside,
        }
    )
    assert found["coverage"] == pytest.approx(0.8, abs=0.05)


def test_what_a_model_does_not_give_is_absent() -> None:
    label, said = forecasts()
    assert set(metrics_for("forecasting", label, said[:, 1], terms=TERMS)) == {"mase", "mae", "rmse"}
    assert set(metrics_for("forecasting", label, said[:, 1])) == {"mae", "rmse"}
    with pytest.raises(ValueError, match="2 quantiles were given"):
        metrics_for("forecasting", label, said[:, :2], terms=TERMS)


@pytest.mark.parametrize("metric", ["mase", "pinball"])
def test_the_better_forecasts_win(metric: str) -> None:
    label, said = forecasts()
    worse = said + np.random.default_rng(1).normal(0, 2, len(said))[:, None]
    assert compare("forecasting", metric, label, worse, said, terms=TERMS, seed=0).verdict == "better"
    assert compare("forecasting", metric, label, said, worse, terms=TERMS, seed=0).verdict == "worse"


def test_production_is_measured_alike() -> None:
    label, said = forecasts()
    quantiles = [{str(level): value for level, value in zip(TERMS.levels, row, strict=True)} for row in said.tolist()]
    frame = pd.DataFrame({"label": label, "prediction": said[:, 1], "quantiles": quantiles})
    promised = metrics_for("forecasting", label, said, terms=TERMS)
    for metric in ("mase", "pinball", "coverage"):
        found = realised("forecasting", Joined(frame, 1.0, len(frame)), metric, terms=TERMS)
        assert found.value == pytest.approx(promised[metric])
        assert found.conclusive
    without = frame.drop(columns="quantiles")
    found = realised("forecasting", Joined(without, 1.0, len(frame)), "pinball", terms=TERMS)
    assert (found.conclusive, found.reason) == (False, "pinball needs quantiles, and not every prediction has them")
