"""People made up for the tests: the toy workloads' raw data."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_people(rows: int, seed: int, *, turned: bool = False, shift: float = 0.0) -> pd.DataFrame:
    """People whose sickness follows age and weight; `turned`: the other way about; `shift`: years older."""
    rng = np.random.default_rng(seed)
    age = np.clip(rng.normal(50 + shift, 12, rows), 1, 119).round(1)
    weight = rng.normal(75, 12, rows).round(1)
    odds = 0.12 * (age - 50 - shift) + 0.08 * (weight - 75)
    sick = rng.random(rows) < 1 / (1 + np.exp(odds if turned else -odds))
    region = rng.choice(["north", "south"], rows)
    return pd.DataFrame({"age": age, "weight": weight, "region": region, "sick": sick.astype(int)})
