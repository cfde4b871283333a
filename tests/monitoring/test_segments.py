"""Which values of which columns moved furthest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
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
