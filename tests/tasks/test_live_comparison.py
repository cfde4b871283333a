"""What a look at both versions is made of: requests in the same time, one row a request, labels where they came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lifecycle.names import foretold_blob
from lifecycle.rollout import Progress, Standing
from lifecycle.workload import Data, Workload
from monitoring.live import Signal
from platforms.local.blobs import LocalBlobStore
from platforms.ports import Endpoint, Interval, Served, Slot, SlotState
from tasks.live_comparison import look

START = datetime(2026, 5, 1, tzinfo=UTC)
PROGRESS = Progress(1, START + timedelta(seconds=10), START, "then")
STANDING = Standing(2, 1, {})
NONE = Served((), None)


@dataclass
class World:
    """An endpoint and a prediction log that say what a test wants."""

    blobs: LocalBlobStore
    kind: str = "classification"
    served: dict[str, Served] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    asked_for_copies: bool = False

    def look(self) -> tuple[dict[str, Signal], tuple[int, int]]:
        signals, requests = look(self.context, STANDING, PROGRESS, 2)
        return {one.name: one for one in signals}, requests

    def answered(self, version: int, value: Any, request: int, rows: int = 1, **more: Any) -> None:
        """One request's rows in the log."""
        for row in range(rows):
            self.rows.append(
                {
                    "correlation_id": f"{version}-{request}-{row}",
                    "time": START + timedelta(seconds=10, milliseconds=request),
                    "model_version": version,
                    "slot": {1: "blue", 2: "green"}[version],
                    "prediction": value,
                    **more,
                }
            )

    @property
    def context(self) -> Any:
        slots = {
            name: Slot(name, SlotState.HEALTHY, {"model_version": version})
            for name, version in (("blue", "1"), ("green", "2"))
        }
        endpoint = Endpoint("toy", "", slots, {}, {})
        endpoints = SimpleNamespace(get=lambda _: endpoint, served=self._served)
        predictions = SimpleNamespace(between=self._between)
        workload = Workload(name="toy", kind=self.kind, data=Data(raw="toy/", label="sick"))  # type: ignore[arg-type]
        platform = SimpleNamespace(endpoints=endpoints, predictions=predictions, blobs=self.blobs)
        return SimpleNamespace(name="toy", workload=workload, platform=platform)

    def _served(self, _: str, since: datetime) -> dict[str, Served]:
        return {
            name: Served(tuple(one for one in found.intervals if one.start >= since), found.p95_ms)
            for name, found in self.served.items()
        }

    def _between(self, _: str, start: datetime, end: datetime, copies: bool = False) -> pd.DataFrame:
        self.asked_for_copies = copies
        assert start == PROGRESS.entered
        assert end > start
        columns = ["correlation_id", "time", "model_version", "slot", "prediction", "probability"]
        return pd.DataFrame(self.rows, columns=columns)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(LocalBlobStore(tmp_path), served={"blue": seconds(900), "green": seconds(100)})


def seconds(requests: int, errors: Sequence[int] = (0, 0)) -> Served:
    """Five seconds before the step began, and five seconds into it."""
    intervals = (
        Interval(START + timedelta(seconds=at), requests, failed) for at, failed in zip((5, 15), errors, strict=True)
    )
    return Served(tuple(intervals), 10.0)


def test_requests_are_the_steps_and_errors_the_rollouts(world: World) -> None:
    world.served["green"] = seconds(100, errors=(60, 0))
    signals, requests = world.look()
    assert requests == (900, 100)
    assert signals["errors"].outcome == "worse"
    assert (signals["errors"].champion, signals["errors"].challenger) == ("0.00% of 1800", "30.00% of 200")


def test_a_version_that_nobody_asked_is_compared_with_nothing(world: World) -> None:
    world.served.pop("green")
    signals, requests = world.look()
    assert requests == (900, 0)
    assert "predictions" not in signals


def test_a_request_counts_once_however_many_rows_it_has(world: World) -> None:
    """And our own probes not at all. What copies were answered counts here, and nowhere else."""
    for request in range(30):
        world.answered(1, 0, request, rows=1, probability=0.2)
        world.answered(2, 1, request, rows=50, probability=0.9)
    world.rows.append({**world.rows[0], "correlation_id": "probe-1", "time": START})
    found = world.look()[0]["predictions"]
    assert (found.champion, found.challenger) == ("0.2 in the mean of 30", "0.9 in the mean of 30")
    assert found.told.startswith("distance 1.000")
    assert world.asked_for_copies


def test_what_the_hold_out_foretold_is_allowed(world: World) -> None:
    for request in range(3000):
        world.answered(1, 0, request, probability=0.2)
        world.answered(2, 1, request, probability=0.9)
    assert world.look()[0]["predictions"].outcome == "worse"
    kept = {"champion": 1, "distance": 0.9}
    world.blobs.write(foretold_blob("toy", 2), json.dumps(kept).encode())
    assert world.look()[0]["predictions"].outcome == "fine"
    world.blobs.write(foretold_blob("toy", 2), json.dumps({**kept, "champion": 7}).encode())
    assert world.look()[0]["predictions"].outcome == "worse", "of another champion it says nothing"


def test_classes_without_one_probability_are_compared_by_name(world: World) -> None:
    for request in range(2001):
        world.answered(1, ("a", "b", "c")[request % 3], request)
        world.answered(2, ("a", "c", "c")[request % 3], request)
    assert world.look()[0]["predictions"].told.startswith("distance 0.333")


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_labels_tell_who_is_further_off(world: World, kind: str) -> None:
    world.kind = kind
    labels = []
    for request in range(2000):
        world.answered(1, 1, request)
        world.answered(2, 4, request)
        labels += [{"correlation_id": f"{version}-{request}-0", "label": 1} for version in (1, 2)]
    assert "performance" not in world.look()[0], "no label came yet"
    content = "\n".join(json.dumps({**one, "observed_at": START.isoformat()}) for one in labels).encode()
    world.blobs.write("labels/toy/all.jsonl", content)
    assert world.look()[0]["performance"].outcome == "worse"
