"""The Evidently report says what was decided, shows people's own statistics beside it, and asks nobody."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.findings import Finding
from monitoring.drift import ColumnDrift, drift_findings, reference_profile, score_columns
from monitoring.drift_table import CLASSICAL, drift_table
from monitoring.report import WindowReport, evidently_report
from tests.lifecycle.seen import finding
from tests.monitoring.test_pictures import COLUMNS, frame

END = datetime(2026, 5, 2, tzinfo=UTC)
STATES = {"finding": "fail", "inconclusive": "warning", "steady": "success"}
TITLE = "toy: a window"


def verdict(one: Finding) -> str:
    return "finding" if one.significant else "steady" if one.conclusive else "inconclusive"


def other_findings() -> list[Finding]:
    """Of every kind but drift, in every verdict; where less is worse, the score lies below the threshold."""
    lost = finding("performance", True, subject="roc_auc", score=0.4)
    unknown = finding("fairness", False, False, subject="Age").model_copy(update={"score": None, "threshold": None})
    # Over its threshold and yet no finding: chance explains it. A threshold alone would say otherwise.
    chance = finding("quality", False, subject="copies", score=0.9)
    return [
        lost, unknown, chance, finding("estimate", False, False, subject="roc_auc"),
        finding("attribution", True, subject="ranking"), finding("service", False, subject="error rate", score=0.1),
    ]  # fmt: skip


@pytest.fixture(name="drifts", scope="module")
def _drifts() -> list[ColumnDrift]:
    return score_columns(reference_profile(frame(3000, 0), COLUMNS), frame(1000, 1, shift=1))


@pytest.fixture(name="findings", scope="module")
def _findings(drifts: list[ColumnDrift]) -> list[Finding]:
    return [*other_findings(), *drift_findings(drifts)]


@pytest.fixture(name="report", scope="module")
def _report(drifts: list[ColumnDrift], findings: list[Finding]) -> WindowReport:
    facts = {"decision": "retrain"}
    return evidently_report(TITLE, END, facts, findings, drifts, frame(3000, 0), frame(1000, 1, shift=1))


def page(report: WindowReport) -> dict[str, Any]:
    """What the page's script draws, as its HTML holds it."""
    found = re.search(r"var metric_[0-9a-f]+ = (\{.*?\});\n", report.html, re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def widgets(content: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [widget for one in content["widgets"] for widget in one.get("widgets", [])]
    return [*content["widgets"], *inner]


def test_every_finding_is_a_test_with_the_verdict_that_was_decided(
    report: WindowReport, findings: list[Finding]
) -> None:
    (suite,) = (widget for widget in widgets(page(report)) if widget["type"] == "test_suite")
    told = {(test["title"], test["description"]): test["state"] for test in suite["params"]["tests"]}
    assert told == {(one.subject, f"{one.kind}: {one.message}"): STATES[verdict(one)] for one in findings}
    assert {*told.values()} == {*STATES.values()}


def test_the_table_of_checks_leaves_out_nothing_but_steady_columns_and_quality(
    report: WindowReport, findings: list[Finding]
) -> None:
    checks, columns = (widget["params"] for widget in widgets(page(report)) if widget["type"] == "table")
    quiet = [one for one in findings if one.kind in ("drift", "quality") and verdict(one) == "steady"]
    assert sorted((row[0], row[1], row[2], row[5]) for row in checks["data"]) == sorted(
        (one.kind, one.subject, verdict(one), one.message) for one in findings if one not in quiet
    )
    assert [row[2] for row in checks["data"]] == sorted((row[2] for row in checks["data"]), key=list(STATES).index)
    assert len(columns["data"]) == len(COLUMNS)


def test_columns_stand_with_their_verdicts_and_the_classical_statistics(
    report: WindowReport, drifts: list[ColumnDrift]
) -> None:
    _, table = (widget["params"] for widget in widgets(page(report)) if widget["type"] == "table")
    rows = {row[0]: dict(zip(table["header"], row, strict=True)) for row in table["data"]}
    for drift in drifts:
        assert rows[drift.column]["verdict"] == drift.verdict
        for name, value in drift.classical.items():
            assert float(rows[drift.column][CLASSICAL[name]]) == pytest.approx(value, abs=5e-5)
    drawn = {one["params"]["header"]: one["params"] for one in widgets(page(report)) if one["type"] == "rich_data"}
    assert set(drawn) == {drift.column for drift in drifts}
    for drift in drifts:
        assert drawn[drift.column]["description"].startswith(drift.verdict)
        assert {line["label"] for line in drawn[drift.column]["metrics"]} >= {
            CLASSICAL[name] for name in drift.classical
        }


def test_a_chart_shows_shares_of_both_sides(report: WindowReport) -> None:
    drawn = {one["params"]["header"]: one["params"] for one in widgets(page(report)) if one["type"] == "rich_data"}
    for column in drawn.values():
        for trace in column["graph"]["data"]:
            assert sum(trace["y"]) in (pytest.approx(1), 0.0)
            assert len(trace["x"]) == len(trace["y"])
    assert sum(drawn["gone"]["graph"]["data"][1]["y"]) == 0.0, "the window holds none"


def test_the_snapshot_holds_the_same_verdicts_and_scores(report: WindowReport, findings: list[Finding]) -> None:
    content = json.loads(report.snapshot, parse_constant=lambda word: pytest.fail(f"JSON has no {word}"))
    results = content["metric_results"].values()
    tests = [test for result in results for test in result["tests"]]
    assert sorted(test["status"] for test in tests) == sorted(
        {"fail": "FAIL", "warning": "WARNING", "success": "SUCCESS"}[STATES[verdict(one)]] for one in findings
    )
    params = [(result["value"], result["metric_value_location"]["metric"]["params"]) for result in results]
    scores = {(one["kind"], one["subject"]): value for value, one in params if one["type"].endswith(":Score")}
    assert scores == {one.about: one.score for one in findings if one.score is not None}
    thresholds = {(one["kind"], one["subject"]): value for value, one in params if one["type"].endswith(":Threshold")}
    assert thresholds == {one.about: one.threshold for one in findings if one.threshold is not None}
    assert {name for _, one in params for name in one} == {"type", "kind", "subject", "column"}
    assert (content["name"], content["timestamp"][:10]) == (TITLE, "2026-05-02")


def test_a_window_without_columns_has_a_report_too() -> None:
    empty = evidently_report(TITLE, END, {}, other_findings(), [], frame(10, 0), frame(10, 1))
    assert "roc_auc" in empty.html


def test_the_table_puts_the_worst_first(drifts: list[ColumnDrift]) -> None:
    rows = drift_table(drifts)
    drifted = [str(row["verdict"]).startswith("drifted") for row in rows]
    assert drifted == sorted(drifted, reverse=True)
    assert {len(row) for row in rows} == {len(rows[0])}


ALONE = """
import socket, sys
def refuse(*args, **kwargs): raise SystemExit("something wanted the network")
socket.socket.connect = socket.getaddrinfo = refuse
sys.path.insert(0, "tests/monitoring")
from test_report import END, TITLE, frame, COLUMNS, reference_profile, score_columns, drift_findings, evidently_report
import monitoring.picture, monitoring.timeline, monitoring.comparison, monitoring.performance, monitoring.inference
heavy = {"evidently", "sklearn", "scipy", "pandera", "prefect", "mlflow", "matplotlib"} & set(sys.modules)
assert not heavy, f"imported without being used: {heavy}"
then, now = frame(6000, 0), frame(6000, 1, shift=1)
drifts = score_columns(reference_profile(then, COLUMNS), now)
report = evidently_report(TITLE, END, {}, drift_findings(drifts), drifts, then, now)
needless = {"evidently.telemetry", "litestar", "nltk", "sklearn"} & set(sys.modules)
assert not needless, needless
print(len(report.html))
"""


def test_the_report_asks_nobody_and_imports_little_of_the_library() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) < 8_000_000
