"""A candidate that wins on all rows and takes from a few people what it gives to many is held."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from lifecycle.workload import Workload
from tasks.datasets import Holdout
from tasks.fairness_gate import fairness_checks
from tests.tasks.manifests import manifest_of

COLUMNS = (Column(name="score", type="number"), Column(name="group", type="category"))


class Reads:
    """A classifier that reads the label off the score, but for those of a group whose score it turns around."""

    classes_ = (0, 1)

    def __init__(self, turned: str | None = None) -> None:
        self._turned = turned

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        sure = 1 / (1 + np.exp(-3 * rows["score"].to_numpy()))
        second = np.where(rows["group"] == self._turned, 1 - sure, sure)
        return np.column_stack([1 - second, second])


def workload(*sensitive: str) -> Workload:
    data: dict[str, Any] = {"raw": "toy/raw/", "label": "sick", "sensitive": sensitive}
    return Workload.model_validate({"name": "toy", "kind": "classification", "data": data})


@pytest.fixture(scope="module", name="holdout")
def _holdout() -> Holdout:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"score": rng.normal(0, 1, 2000), "group": rng.choice(["a", "b", "few"], 2000, p=[0.7, 0.29, 0.01])}
    )
    frame["sick"] = (rng.random(2000) < 1 / (1 + np.exp(-3 * frame["score"]))).astype(int)
    return Holdout(frame, manifest_of("classification", "sick", *COLUMNS))


def test_a_group_that_would_lose_holds_the_release(holdout: Holdout) -> None:
    (check,) = fairness_checks(workload("group"), Reads(), Reads(turned="b"), holdout)
    assert not check.passed
    assert check.name == "fairness: roc_auc by group (against the champion)"
    assert check.seen.startswith("b would surely lose: roc_auc 0.")
    assert "few is not judged" in check.seen


def test_nobody_loses_by_the_same_model_and_small_groups_are_named(holdout: Holdout) -> None:
    (check,) = fairness_checks(workload("group"), Reads(), Reads(), holdout)
    assert check.passed
    assert "few is not judged" in check.seen


def test_what_the_champion_did_to_the_small_group_may_be_mended(holdout: Holdout) -> None:
    assert fairness_checks(workload("group"), Reads(turned="b"), Reads(), holdout)[0].passed


def test_the_first_model_is_held_to_the_limits_between_groups(holdout: Holdout) -> None:
    (fair,) = fairness_checks(workload("group"), None, Reads(), holdout)
    (unfair,) = fairness_checks(workload("group"), None, Reads(turned="b"), holdout)
    assert fair.passed
    assert not unfair.passed
    assert "are surely apart in roc_auc" in unfair.seen


def test_where_no_column_is_sensitive_nothing_is_asked(holdout: Holdout) -> None:
    assert fairness_checks(workload(), Reads(), Reads(turned="b"), holdout) == []
