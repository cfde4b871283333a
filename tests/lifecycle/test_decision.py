"""What follows from findings."""

from __future__ import annotations

import pytest

from lifecycle.decision import decide
from lifecycle.findings import Finding
from lifecycle.workload import Data, Monitor, Workload


def workload(**monitor: object) -> Workload:
    data = Data(raw="raw/", label="y")
    return Workload(name="toy", kind="classification", data=data, monitor=Monitor(**monitor))  # type: ignore[arg-type]


def finding(kind: str, significant: bool, conclusive: bool = True) -> Finding:
    return Finding(
        kind=kind,  # type: ignore[arg-type]
        subject="Age",
        score=1.0,
        threshold=0.5,
        significant=significant,
        conclusive=conclusive,
        message=f"{kind} was seen",
    )


LOSS = finding("performance", True)
DRIFT = finding("drift", True)


@pytest.mark.parametrize(
    ("findings", "monitor", "spent", "under_way", "action"),
    [
        ([LOSS], {}, 0, [], "retrain"),
        ([DRIFT], {}, 0, [], "notify"),
        ([DRIFT], {"retrain_on_drift": True}, 0, [], "retrain"),
        ([DRIFT, LOSS], {}, 0, [], "retrain"),
        ([LOSS], {"then": "notify"}, 0, [], "notify"),
        ([LOSS], {}, 3, [], "notify"),
        ([LOSS], {}, 0, ["retrain-toy"], "notify"),
        ([finding("drift", False)], {}, 0, [], "nothing"),
        ([], {}, 0, [], "nothing"),
    ],
)
def test_policy(
    findings: list[Finding], monitor: dict[str, object], spent: int, under_way: list[str], action: str
) -> None:
    assert decide(workload(**monitor), findings, spent, under_way).action == action


def test_inconclusive_is_said_and_not_read_as_fine() -> None:
    decision = decide(workload(), [finding("performance", False, conclusive=False)], 0, False)
    assert decision.action == "nothing"
    assert "inconclusive: Age" in decision.reason
