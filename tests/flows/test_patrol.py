"""A patrol of a handful of workloads, one of them broken, on the real service; and that `monitor` agrees with it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.patrolled import PROMISED, VERSION, write_day, write_file, write_reference
from lifecycle.names import CHAMPION
from lifecycle.tags import DATASET, PROMOTED_AT
from lifecycle.windows import WindowRecord
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.windows import Windows
from tasks.registration import METRICS
from tasks.spans import last_tick
from tests.conftest import HTTP, ROOT, Service, clean, result_of
from tests.waiting import until

STEADY, DRIFTED, BROKEN, NOBODY = "patrol-steady", "patrol-drifted", "patrol-broken", "patrol-nobody"
MANY = [f"patrol-{number}" for number in range(4)]


@dataclass
class Fleet:
    """Workloads whose windows end then."""

    stack: Service
    blobs: LocalBlobStore
    end: datetime

    def patrol(self, *names: str, processes: int = 2) -> tuple[int, str]:
        """Exit code and output of a patrol of these."""
        return self.stack.run("patrol", f"{list(names)!r}, processes={processes}")

    def records(self, name: str) -> list[WindowRecord]:
        return list(Windows(self.blobs, name).before(datetime.now(UTC)))

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        response = HTTP.post(f"{self.stack.addresses['prefect']}/api{path}", json=body)
        response.raise_for_status()
        return response.json()

    def runs_of_monitor(self, name: str) -> list[dict[str, Any]]:
        runs = self.ask("/flow_runs/filter", {"flows": {"name": {"any_": ["monitor"]}}})
        return [run for run in runs if run["parameters"].get("workload") == name]

    def artifact(self, key: str) -> Any:
        """What the newest of the key on a patrol's page holds."""
        return self.ask("/artifacts/latest/filter", {"artifacts": {"key": {"any_": [key]}}})[0]["data"]

    def table(self) -> dict[str, dict[str, Any]]:
        """By workload."""
        return {row["workload"]: row for row in json.loads(self.artifact("patrol-outcomes"))}


@pytest.fixture(scope="module", name="fleet")
def _fleet(stack: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    blobs, models = LocalBlobStore(stack.settings.blobs), stack.platform.models
    packed = tmp_path_factory.mktemp("packed")
    (packed / "MLmodel").write_text("flavors: {}")
    # A tick that does not pass while the tests run.
    end = last_tick(datetime.now(UTC), timedelta(days=1))
    promoted, names = end - timedelta(days=9), [STEADY, DRIFTED, BROKEN, NOBODY, *MANY]
    for name in names:
        write_file(stack.settings.workloads, name, every="1d")
        write_reference(blobs, name, promoted)
        write_day(blobs, name, end, seed=1, shift=0.5 if name == DRIFTED else 0.0)
        if name == NOBODY:
            continue
        tags = {DATASET: VERSION, METRICS: json.dumps({"roc_auc": PROMISED}), PROMOTED_AT: promoted.isoformat()}
        models.register(name, models.start_run(name, "key", {}), packed, "key", tags)
        models.set_alias(name, CHAMPION, 1)
    blobs.write(f"datasets/{BROKEN}/{VERSION}/manifest.json", b"{")
    yield Fleet(stack, blobs, end)
    for name in names:
        shutil.rmtree(stack.settings.workloads / name)


def test_each_gets_what_is_its_own_and_the_broken_one_hurts_nobody(fleet: Fleet) -> None:
    code, output = fleet.patrol(STEADY, DRIFTED, BROKEN, NOBODY)
    assert code == 0, output
    assert "1 broken, 1 handed over, 1 no champion, 1 steady" in result_of(output)
    table = fleet.table()
    assert [table[name]["outcome"] for name in (STEADY, DRIFTED, BROKEN, NOBODY)] == [
        "steady",
        "handed over",
        "broken",
        "no champion",
    ]
    assert next(iter(table)) == BROKEN, "who needs somebody comes first"
    assert "ValidationError" in table[BROKEN]["why"]
    assert float(fleet.artifact("patrol-progress")) == 100
    (record,) = fleet.records(STEADY)
    assert (record.end, record.outcome, record.rows) == (fleet.end, "steady", 1000)
    assert fleet.records(BROKEN) == []


def test_the_broken_one_is_told_by_an_event(fleet: Fleet) -> None:
    def told() -> list[dict[str, Any]]:
        about = {"event": {"name": ["perennial.monitoring.failed"]}, "occurred": {"since": fleet.end.isoformat()}}
        events = fleet.ask("/events/filter", {"filter": about})["events"]
        return [one for one in events if one["resource"]["prefect.resource.id"] == f"perennial.workload.{BROKEN}"]

    until(lambda: bool(told()), 60)
    assert "ValidationError" in told()[0]["payload"]["message"]


def test_patrolled_again_nothing_is_judged_or_handed_over_twice(fleet: Fleet) -> None:
    code, output = fleet.patrol(STEADY, DRIFTED)
    assert code == 0, output
    assert len(fleet.records(STEADY)) == 1
    (run,) = fleet.runs_of_monitor(DRIFTED)
    assert datetime.fromisoformat(run["parameters"]["until"]) == fleet.end


def test_monitor_gets_the_very_same_window(fleet: Fleet) -> None:
    """The worker runs it; its record stands where the patrol's would."""
    until(lambda: bool(fleet.records(DRIFTED)), 240)
    (record,) = fleet.records(DRIFTED)
    assert (record.end, record.outcome) == (fleet.end, "finding")
    seen = [one.subject for one in record.findings if one.significant and one.kind == "drift"]
    assert seen == ["x0", "all columns together"], "the latter is monitor's alone"
    code, output = fleet.patrol(DRIFTED)
    assert code == 0, output
    assert "1 not due" in result_of(output)


def test_monitor_says_what_the_patrol_said(fleet: Fleet) -> None:
    """The same window through both: the same record, but for checks that are monitor's alone."""
    (ours,) = fleet.records(STEADY)
    for prefix in ("windows", "evidence", "ledger"):
        for blob in list(fleet.blobs.list(f"{prefix}/{STEADY}/")):
            fleet.blobs.delete(blob.name)

    call = f"monitor({STEADY!r}, report=False, until=datetime.datetime.fromisoformat({fleet.end.isoformat()!r}))"
    code, output = fleet.stack.run_code(f"import datetime\nfrom flows.monitor import monitor\n{call}")
    assert code == 0, output
    (theirs,) = fleet.records(STEADY)
    assert {finding.kind for finding in ours.findings} == {"drift", "quality", "performance"}
    said = {finding.about for finding in ours.findings}
    common = tuple(finding for finding in theirs.findings if finding.about in said)
    assert theirs.model_copy(update={"findings": common}) == ours
    assert len(Ledger(fleet.blobs, STEADY).entries()) == 1


def test_killed_and_run_again_each_window_is_judged_once(fleet: Fleet) -> None:
    process = fleet.stack.start("patrol", f"{MANY!r}, processes=1")
    until(lambda: any(fleet.records(name) for name in MANY), 120)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    psutil.wait_procs(workers, timeout=60)
    assert not any(worker.is_running() for worker in workers), "they end with the run"
    code, output = fleet.patrol(*MANY)
    assert code == 0, output
    assert [len(fleet.records(name)) for name in MANY] == [1] * len(MANY)
    assert [len(Ledger(fleet.blobs, name).entries()) for name in MANY] == [1] * len(MANY)


def test_where_nobody_can_be_looked_at_the_run_fails(fleet: Fleet) -> None:
    code, output = fleet.patrol(BROKEN)
    assert code != 0
    assert "NobodyLookedAt" in output


def test_a_file_that_cannot_be_read_hurts_nobody(fleet: Fleet, tmp_path: Path) -> None:
    """In a folder of its own: all that say so are looked at, and the file might have."""
    write_file(tmp_path, NOBODY)
    write_file(tmp_path, "patrol-other", patrol=False)
    (tmp_path / "patrol-unreadable").mkdir()
    (tmp_path / "patrol-unreadable" / "workload.yaml").write_text("name: [unclosed")
    environment = {**clean(), **fleet.stack.environment, "PERENNIAL_WORKLOADS": str(tmp_path)}
    code = "from flows.patrol import patrol\nprint('RESULT', repr(patrol()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 workloads" in result_of(done.stdout)
    assert "1 broken, 1 no champion" in result_of(done.stdout)
    assert "it is no YAML" in fleet.table()["patrol-unreadable"]["why"]
