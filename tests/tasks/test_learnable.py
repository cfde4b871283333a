"""Which rows a retraining learns from: those since the loss began, where they suffice; told on real blobs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lifecycle.alarms import Span
from lifecycle.names import dataset_prefix
from lifecycle.tags import DATASET, LEARNT_SINCE
from lifecycle.workload import Workload
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.ports import RegisteredModel
from platforms.prediction_log import PredictionLog
from platforms.settings import Settings
from tasks.context import Context
from tasks.learnable import Learnable, learnable
from tests.lifecycle.seen import Past, alarm, finding, record
from tests.tasks.manifests import manifest_of

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)
BEGAN = END - 5 * HOUR
SPAN = Span(key="w", start=END - 24 * HOUR, end=END, model_version=2)
LOSS = finding("performance", subject="rmse")


def champion(**tags: str) -> RegisteredModel:
    told = {DATASET: "v", **tags}
    return RegisteredModel(name="toy", version=2, run_id="r", tags=told, aliases=(), created_at=END)


class Registry:
    """One version, and those that it won against."""

    def __init__(self, *others: RegisteredModel) -> None:
        self._versions = [champion(), *others]

    def versions(self, _name: str) -> list[RegisteredModel]:
        return self._versions


@pytest.fixture(name="context")
def _context(tmp_path: Path) -> Context:
    blobs = LocalBlobStore(tmp_path)
    content = manifest_of("regression", "price", rows=2000).model_dump_json()
    blobs.write(f"{dataset_prefix('toy', 'v')}manifest.json", content.encode())
    data = {"raw": "toy/raw/", "label": "price"}
    workload = Workload.model_validate({"name": "toy", "kind": "regression", "data": data})
    platform = cast(Any, SimpleNamespace(blobs=blobs, predictions=PredictionLog(blobs), models=Registry()))
    return Context(Settings(), platform, workload, Path(), Ledger(blobs, "toy"))


def ask(context: Context, start: datetime, end: datetime, rows: int, error: float, seed: int) -> None:
    """Rows that are asked evenly and labelled at once, with errors of that size."""
    rng, blobs = np.random.default_rng(seed), context.platform.blobs
    name = f"{start:%d%H}-{seed}"
    times = [start + (end - start) * (number / rows) for number in range(rows)]
    said: list[dict[str, Any]] = [
        {
            "correlation_id": f"{name}-{number}",
            "time": time.isoformat(),
            "model_version": 2,
            "slot": "blue",
            "prediction": float(rng.normal(0, error)),
            "inputs": {"size": 1},
        }
        for number, time in enumerate(times)
    ]
    for hour, some in groupby(said, key=lambda one: one["time"][:13]):
        written = f"predictions/toy/{hour[:10].replace('-', '/')}/{hour[11:]}/{name}.jsonl"
        blobs.write(written, "\n".join(map(json.dumps, some)).encode())
    labels = [
        json.dumps({"correlation_id": one["correlation_id"], "label": 0.0, "observed_at": END.isoformat()})
        for one in said
    ]
    blobs.write(f"labels/toy/{name}.jsonl", "\n".join(labels).encode())


def after_a_loss(context: Context, past: Past | None = None, kind: Any = "performance") -> Learnable:
    lost = finding(kind, subject="rmse")
    return learnable(context, champion(), SPAN, [lost], [alarm(kind, "rmse")], past or Past())


@pytest.mark.parametrize(("rows", "told"), [(600, None), (300, "fewer than 500")])
def test_the_rows_since_the_loss_began_if_they_are_a_quarter_of_the_champions(
    context: Context, rows: int, told: str | None
) -> None:
    ask(context, SPAN.start, BEGAN, 1500, 1.0, seed=0)
    ask(context, BEGAN, END, rows, 3.0, seed=1)
    found = after_a_loss(context)
    assert found.since is not None
    assert abs(found.since - BEGAN) < HOUR / 2
    assert found.grown is None
    assert (found.too_few is None) if told is None else (told in str(found.too_few))


def test_with_raw_files_that_came_since_there_is_no_waiting(context: Context) -> None:
    ask(context, SPAN.start, BEGAN, 1500, 1.0, seed=0)
    ask(context, BEGAN, END, 100, 3.0, seed=1)
    assert after_a_loss(context).too_few is not None
    context.platform.blobs.write("toy/raw/new.csv", b"size,price\n1,2\n")
    assert after_a_loss(context).too_few is None


def test_an_estimated_loss_began_with_the_first_window_that_showed_it(context: Context) -> None:
    def hours_ago(hours: int, significant: bool) -> Any:
        start = END - timedelta(hours=hours)
        seen = record(0, 1, finding("estimate", significant, subject="rmse"), model_version=2)
        return seen.model_copy(update={"start": start, "end": start + HOUR, "key": str(hours)})

    past = Past([hours_ago(40, True), hours_ago(39, False), hours_ago(38, True), hours_ago(37, True)])
    assert after_a_loss(context, past, "estimate").since == END - 38 * HOUR


def test_without_a_loss_rows_are_counted_since_the_champions_world_began(context: Context) -> None:
    began = END - 12 * HOUR
    of_old, of_new = champion(), champion(**{LEARNT_SINCE: began.isoformat()})
    ask(context, SPAN.start, began, 9000, 1.0, seed=0)
    assert learnable(context, of_old, SPAN, [], [], Past()) == Learnable()
    ask(context, began, END, 7999, 1.0, seed=1)
    assert learnable(context, of_new, SPAN, [], [], Past()) == Learnable(began)
    ask(context, began, END, 1, 1.0, seed=2)
    told = "8000 labelled rows are 4.0 times those that were last trained on"
    assert learnable(context, of_new, SPAN, [], [], Past()) == Learnable(began, grown=told)
    tried = manifest_of("regression", "price", rows=2100).model_dump_json()
    context.platform.blobs.write(f"{dataset_prefix('toy', 'w')}manifest.json", tried.encode())
    lost = RegisteredModel(name="toy", version=3, run_id="r", tags={DATASET: "w"}, aliases=(), created_at=END)
    context.platform.models = Registry(lost)  # type: ignore[misc]
    assert learnable(context, of_new, SPAN, [], [], Past()) == Learnable(began)
