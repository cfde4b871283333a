"""A version's backtest: a gate where it is released, a promise where it is watched."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from lifecycle.workload import Workload
from platforms.ports import RegisteredModel
from tasks.backtest import BACKTEST, promised_at_worst
from tasks.backtest_gate import backtest_checks

WORKLOAD = Workload.model_validate_json(
    json.dumps(
        {
            "name": "power",
            "kind": "forecasting",
            "data": {"raw": "raw/", "label": "load"},
            "forecast": {},
            "gates": {"mase": {"at_most": 0.8}, "coverage": {"at_least": 0.7}},
        }
    )
)
TOLD = {"metrics": {"mase": [0.5, 0.6, 0.7], "coverage": [0.6, 0.8, 0.7]}}


def version(told: object = None) -> RegisteredModel:
    tags = {} if told is None else {BACKTEST: json.dumps(told)}
    return RegisteredModel("power", 1, "", tags, (), datetime.now(UTC))


def test_each_gate_is_held_against_the_backtest() -> None:
    mase, coverage = backtest_checks(WORKLOAD, version(TOLD))
    assert (mase.name, mase.passed) == ("mase in the backtest", True)
    assert mase.seen == "0.6000 ± 0.1000 over 3 cut-offs"
    assert not coverage.passed  # 0.7 in the mean, but 0.6 in one of three


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        (None, "the training left none"),
        ({"problem": "The backtest lacks 2 of 24 rows."}, "The backtest lacks 2 of 24 rows."),
        ({"metrics": {}}, "it has no mase"),
    ],
)
def test_without_a_backtest_the_gate_fails(told: object, seen: str) -> None:
    check = backtest_checks(WORKLOAD, version(told))[0]
    assert (check.passed, check.seen) == (False, seen)


def test_other_kinds_have_none() -> None:
    other = WORKLOAD.model_copy(update={"kind": "regression", "forecast": None})
    assert backtest_checks(other, version()) == []


def test_the_promise_is_the_worse_of_holdout_and_backtest() -> None:
    assert promised_at_worst(version(TOLD), "mase", 0.4) == pytest.approx(0.7)
    assert promised_at_worst(version(TOLD), "mase", 0.9) == 0.9
    assert promised_at_worst(version(TOLD), "coverage", 0.75) == pytest.approx(0.6)
    assert promised_at_worst(version(), "rmse", 3.0) == 3.0
    assert promised_at_worst(version(TOLD), "mase", None) is None
