"""Labels that come a week late are looked at when they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from monitoring.label_arrival import newly_labelled

BEGINS = datetime(2026, 5, 1, tzinfo=UTC)


def labelled(late: float = 7.0, days: int = 20, a_day: int = 100) -> pd.DataFrame:
    """Predictions of so many days, each label so many days late; handed over in no order."""
    made = [BEGINS + timedelta(days=place / a_day) for place in range(days * a_day)]
    observed = [moment + timedelta(days=late) for moment in made]
    return pd.DataFrame({"time": made, "observed_at": observed, "label": 1}).sample(frac=1, random_state=0)


def window(day: int) -> tuple[datetime, datetime]:
    return BEGINS + timedelta(days=day), BEGINS + timedelta(days=day + 1)


def test_the_window_is_judged_by_the_labels_that_came_in_it() -> None:
    found = newly_labelled(labelled(), *window(10), minimum_rows=50)
    assert len(found) == 100
    assert found["time"].min() == BEGINS + timedelta(days=3)
    assert found["time"].max() < BEGINS + timedelta(days=4)
    assert found["time"].is_monotonic_increasing


def test_where_few_came_the_newest_before_count_too() -> None:
    found = newly_labelled(labelled(), *window(10), minimum_rows=250)
    assert len(found) == 250
    assert found["time"].min() == BEGINS + timedelta(days=1.5)


def test_what_nobody_knew_yet_does_not_count() -> None:
    assert newly_labelled(labelled(), *window(5), minimum_rows=50).empty
    assert len(newly_labelled(labelled(), *window(7), minimum_rows=500)) == 100
