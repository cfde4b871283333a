"""The gate before a retraining: data that are missing, unreadable or not allowed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from lifecycle.findings import Finding
from monitoring.fitness import fitness_findings
from monitoring.segments import suspect_segments

COLUMNS = (
    Column(name="age", type="number", minimum=0, maximum=120),
    Column(name="region", type="category", values=("north", "south"), missing_allowed=True),
    Column(name="smokes", type="boolean"),
)


def people(rows: int, seed: int, missing: float = 0.1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    region = pd.Series(rng.choice(["north", "south"], rows), dtype=object)
    region[rng.random(rows) < missing] = None
    return pd.DataFrame({"age": rng.normal(50, 10, rows), "region": region, "smokes": rng.random(rows) < 0.5})


def unfit(frame: pd.DataFrame, rows: int = 300) -> list[str]:
    found = fitness_findings(people(2000, 0), frame, COLUMNS, minimum_rows=rows)
    assert [one.subject for one in found] == ["age", "region", "smokes"]
    assert {one.kind for one in found} == {"quality"}
    return [one.subject for one in found if one.significant]


def test_data_like_the_reference_are_fit() -> None:
    """A hundred windows: by chance one in 200 is refused."""
    assert sum(bool(unfit(people(400, seed))) for seed in range(1, 101)) <= 2


@pytest.mark.parametrize(
    ("column", "values"),
    [("age", np.nan), ("age", 999.0), ("age", "old"), ("region", "west"), ("region", None), ("smokes", "perhaps")],
)
def test_a_tenth_of_broken_values_is_told(column: str, values: object) -> None:
    frame = people(1000, 1).astype(object)
    frame.loc[frame.index[:150], column] = values
    assert unfit(frame) == [column]


def test_a_column_that_is_gone_is_unusable() -> None:
    assert unfit(people(1000, 1).drop(columns="smokes")) == ["smokes"]


def test_fewer_values_missing_than_before_are_no_loss() -> None:
    assert unfit(people(1000, 1, missing=0.0)) == []


def test_few_rows_are_inconclusive() -> None:
    found: list[Finding] = fitness_findings(people(2000, 0), people(50, 1, 1.0), COLUMNS, minimum_rows=300)
    assert not any(one.conclusive or one.significant for one in found)
    assert "50 rows are fewer than 300" in found[0].message
    assert fitness_findings(people(2000, 0), people(0, 1), COLUMNS, minimum_rows=300)[0].conclusive is False


def test_suspect_segments_are_those_whose_share_moved_furthest() -> None:
    reference, now = people(2000, 0), people(1000, 1)
    now["age"] += 20
    now.loc[now.index[:200], "region"] = "west"
    found = suspect_segments(reference, now, COLUMNS)
    assert found[0].column == "age"
    assert found[0].values.startswith("over")
    assert found[0].share > 0.7
    assert found[0].reference_share == pytest.approx(0.25, abs=0.02)
    west = next(one for one in found if one.values == "west")
    assert (west.share, west.reference_share) == (0.2, 0.0)
    assert suspect_segments(reference, people(1000, 1), COLUMNS) == []
    assert suspect_segments(reference, now.head(0), COLUMNS) == []
