"""What a look at an A/B test reads: its own rows of log and labels, a value each, whatever else lies there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lifecycle.ab_test import AbPlan
from lifecycle.names import labels_prefix, predictions_prefix
from lifecycle.workload import Workload
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.prediction_log import PredictionLog
from platforms.settings import Settings
from scoring.assignment import assign
from tasks.ab_looking import in_words, look, rows_of
from tasks.context import Context

TEST = "20261120-100000-a"
BEGAN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
END = BEGAN + timedelta(hours=5)


def plan_of(metric: str, **more: Any) -> AbPlan:
    told: dict[str, Any] = {"share": 50, "alpha": 0.05, "stop_when_decided": False, "until": None, "by": "Ada"}
    better = "smaller" if metric == "loss" else "larger"
    told |= {"test": TEST, "workload": "toy", "champion": 1, "challenger": 2, "salt": "salt", "began": BEGAN}
    return AbPlan(**{**told, "metric": metric, "better": better, **more})


@dataclass
class World:
    """A log and labels in a folder."""

    folder: Path
    kind: str = "classification"
    logged: list[dict[str, Any]] = field(default_factory=list)
    labels: list[dict[str, Any]] = field(default_factory=list)

    @property
    def context(self) -> Context:
        blobs = LocalBlobStore(self.folder)
        for name, lines in (("predictions", self.logged), ("labels", self.labels)):
            prefix = (
                predictions_prefix("toy") + "blue/2026/11/20/10/" if name == "predictions" else labels_prefix("toy")
            )
            blobs.write(f"{prefix}all.jsonl", "\n".join(map(json.dumps, lines)).encode())
        workload = Workload.model_validate(
            {"name": "toy", "kind": self.kind, "data": {"raw": "toy/raw/", "label": "y"}}, strict=False
        )
        platform = cast(Any, SimpleNamespace(blobs=blobs, predictions=PredictionLog(blobs)))
        return Context(Settings(), platform, workload, self.folder, Ledger(blobs, "toy"))

    def asked(self, identity: str, caller: str | None, label: Any = None, /, **more: Any) -> None:
        """A prediction, and what came true, if anything did; who is given the challenger is answered by it."""
        assigned = None if caller is None else assign(TEST, "salt", caller, 0.5)
        version = 2 if assigned is not None and assigned.arm == "challenger" else 1
        record = {"correlation_id": identity, "time": (BEGAN + timedelta(minutes=1)).isoformat(), "slot": "blue"}
        record |= {"model_version": version, "prediction": 1, "probability": 0.8, "inputs": {"age": 1}}
        self.logged.append({**record, **({"caller": assigned.logged} if assigned else {}), **more})
        if label is not None:
            observed = (BEGAN + timedelta(minutes=2)).isoformat()
            self.labels.append({"correlation_id": identity, "label": label, "observed_at": observed})


def test_labels_give_each_row_its_value(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.asked("a", "ada", 1)
    world.asked("b", "ada", 0)
    world.asked("c", "bob")
    rows = rows_of(world.context, plan_of("label"), END)
    assert rows.value.tolist()[:2] == [1.0, 0.0]
    assert np.isnan(rows.value[2])
    assert rows.caller[0] == rows.caller[1] != rows.caller[2]
    losses = rows_of(world.context, plan_of("loss"), END).value
    assert losses[0] == pytest.approx(2 * 0.2**2)
    assert losses[1] == pytest.approx(2 * 0.8**2)


def test_only_the_tests_own_rows_count(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.asked("mine", "ada", 1)
    world.asked("nobody's", None, 1)
    world.asked("a copy", "ada", 1, mirrored=True)
    world.asked("probe-1", "ada", 1)
    world.asked("another test's", "ada", 1, caller=f"{TEST}0.challenger." + "0" * 32)
    world.asked("before", "ada", 1, time=(BEGAN - timedelta(days=1)).isoformat())
    world.asked("mine", "ada", 1, time=(BEGAN + timedelta(minutes=3)).isoformat())  # an id that was given twice
    assert len(rows_of(world.context, plan_of("label"), END).caller) == 1


def test_numbers_are_compared_by_how_far_off_they_were_and_arms_stay_as_given(tmp_path: Path) -> None:
    """The challenger is right, the champion 3 off; ten of its callers were answered by the champion."""
    world, elsewhere = World(tmp_path, "regression"), 0
    for number in range(400):
        caller = f"caller-{number}"
        given = assign(TEST, "salt", caller, 0.5).arm == "challenger"
        moved = given and elsewhere < 10
        elsewhere += moved
        version = 2 if given and not moved else 1
        off = 0.0 if version == 2 else 3.0
        world.asked(caller, caller, 10.0 + number % 3, prediction=10.0 + number % 3 + off, model_version=version)
    answer = look(world.context, plan_of("loss"), END)
    assert answer.verdict == "better"
    assert answer.challenger.elsewhere == 10
    assert answer.challenger.mean == pytest.approx(30 / answer.challenger.callers)
    assert answer.champion.mean == pytest.approx(3.0)
    assert in_words(answer, plan_of("loss")).startswith("-2.8")


def test_one_class_or_no_label_at_all_is_no_trouble(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.asked("a", "ada")
    assert look(world.context, plan_of("loss"), END).verdict == "not decided yet"
    world.asked("b", "bob", 1)
    assert look(world.context, plan_of("label"), END).verdict == "not decided yet"
    world.asked("c", "cleo", 0)
    assert look(world.context, plan_of("label"), END).verdict == "not decided yet"
