"""The backtest as a gate: a forecast that was good on the newest stretch must have been good before it, too."""

from __future__ import annotations

import json

from lifecycle.workload import Workload
from platforms.ports import RegisteredModel
from tasks.backtest import BACKTEST
from tasks.staging import Check


def backtest_checks(workload: Workload, version: RegisteredModel) -> list[Check]:
    """Each gate of a forecasting workload once more, held against the backtest's mean and a spread to either side.

    A version without a backtest, or whose backtest lacks the metric, fails.
    """
    if workload.forecast is None:
        return []
    from monitoring.backtest import Backtested

    told = json.loads(version.tags.get(BACKTEST, '{"problem": "the training left none"}'))
    checks = []
    for name, gate in workload.gates.items():
        title, values = f"{name} in the backtest", told.get("metrics", {}).get(name)
        if values is None:
            checks.append(Check(title, False, told.get("problem", f"it has no {name}")))
        else:
            found = Backtested(name, tuple(values))
            checks.append(Check(title, found.holds(gate), str(found)))
    return checks
