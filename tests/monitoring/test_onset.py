"""Since when a model does worse is found about where it began, and nowhere where it did not."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.onset import onset


def errors(*parts: tuple[int, float], seed: int) -> np.ndarray:
    """Wrong answers of so many rows with that probability each, one part after the other."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.random(rows) < rate for rows, rate in parts]).astype(float)


def test_a_sudden_rise_is_placed_within_a_hundred_rows_nine_times_in_ten() -> None:
    found = np.array([onset(errors((10_000, 0.12), (400, 0.35), seed=seed)) for seed in range(100)])
    assert (np.abs(found - 10_000) <= 100).mean() >= 0.9
    assert np.abs(np.median(found) - 10_000) <= 10


def test_without_a_rise_there_is_none() -> None:
    found = [onset(errors((3000, 0.12), seed=seed)) for seed in range(200)]
    assert sum(place > 0 for place in found) <= 6, "about one in a hundred"


def test_a_fall_is_no_rise() -> None:
    assert onset(errors((2000, 0.35), (2000, 0.12), seed=0)) == 0


def test_a_gradual_rise_is_placed_within_it() -> None:
    rng = np.random.default_rng(0)
    rates = np.concatenate([np.full(4000, 0.1), np.linspace(0.1, 0.4, 4000)])
    place = onset((rng.random(8000) < rates).astype(float))
    assert 4000 < place < 7000


def test_losses_may_be_of_any_size() -> None:
    rng = np.random.default_rng(0)
    squared = np.concatenate([rng.normal(0, 100, 1000) ** 2, rng.normal(0, 200, 1000) ** 2])
    assert onset(squared) == pytest.approx(1000, abs=60)
    assert onset(squared * 1e-9) == onset(squared)


@pytest.mark.parametrize("losses", [[], [1.0] * 99, [0.0] * 500, [1.0] * 500])
def test_what_is_too_short_or_all_alike_has_no_onset(losses: list[float]) -> None:
    assert onset(np.array(losses)) == 0
