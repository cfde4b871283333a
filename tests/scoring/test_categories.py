"""A category means the same to the server as to the training data, from which the server is apart."""

from __future__ import annotations

import pandas as pd
import pytest

from monitoring.coercion import to_categories
from scoring.score import category


@pytest.mark.parametrize(
    "value", [7, 7.0, "7.0", " 7 ", "7", "07", "7.00", -0.0, "-0.0", 1e20, 0.5, "0.5", True, "red", " red", "1_0.0"]
)
def test_one_value_is_one_category(value: object) -> None:
    (trained,) = to_categories(pd.Series([value], dtype=object))
    assert category(value) == trained


@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_is_missing_is_no_category(value: object) -> None:
    assert category(value) is None
