"""What a model said of its hold-out is kept in the blob store, and windows are held against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from lifecycle.alarms import Span
from lifecycle.columns import Column
from lifecycle.findings import Finding
from lifecycle.spending import JobUsage
from lifecycle.workload import Workload
from monitoring.direct_loss import estimate_regression
from monitoring.performance import Joined, join_labels
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.ports import NotFound, RegisteredModel, Unavailable
from platforms.settings import Settings
from platforms.usage import write_usage
from platforms.windows import Windows
from tasks.checks.observed import Observed
from tasks.checks.performance import check_performance
from tasks.checks.service import check_service
from tasks.context import Context
from tasks.datasets import Holdout
from tasks.model_reference import read_loss_reference, read_model_reference, write_model_reference
from tasks.observation import Window
from tests.lifecycle.seen import record
from tests.tasks.manifests import manifest_of

START = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = Span(key="w", start=START, end=START + timedelta(days=1), model_version=1)


class NoEndpoints:
    """A platform without endpoints."""

    def get(self, name: str) -> Any:
        raise NotFound(f"There is no endpoint {name}.")


def houses(rows: int, seed: int, noise: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.normal(0, 1, rows)
    return pd.DataFrame({"size": size, "price": 3 * size + rng.normal(0, noise, rows)})


@pytest.fixture(name="context")
def _context(tmp_path: Path) -> Context:
    blobs = LocalBlobStore(tmp_path)
    said = {"name": "toy", "kind": "regression", "data": {"raw": "toy/raw/", "label": "price"}}
    platform = cast(Any, SimpleNamespace(blobs=blobs, endpoints=NoEndpoints()))
    return Context(Settings(), platform, Workload.model_validate(said), Path(), Ledger(blobs, "toy"))


@pytest.fixture(name="holdout")
def _holdout() -> Holdout:
    return Holdout(houses(2000, 0), manifest_of("regression", "price", Column(name="size", type="number")))


@pytest.fixture(name="model")
def _model() -> LinearRegression:
    rows = houses(5000, 1)
    return LinearRegression().fit(rows[["size"]], rows["price"])


def champion(key: str | None = "training", rmse: float = 1.0) -> RegisteredModel:
    tags = {"perennial.metrics": f'{{"rmse": {rmse}}}'} | ({"perennial.key": key} if key else {})
    return RegisteredModel(name="toy", version=1, run_id="r", tags=tags, aliases=(), created_at=START)


def observed(
    context: Context, holdout: Holdout, model: LinearRegression, rows: int = 1000, rmse: float = 1.0
) -> Observed:
    inputs = houses(rows, 2)[["size"]]
    predictions = pd.DataFrame(
        {
            "correlation_id": [str(number) for number in range(rows)],
            "time": pd.date_range(START, SPAN.end - timedelta(minutes=1), periods=rows),
            "prediction": model.predict(inputs),
            "inputs": inputs.to_dict("records"),
        }
    )
    labels = pd.DataFrame({"correlation_id": [], "label": [], "observed_at": []})
    window = Window(SPAN.start, SPAN.end, predictions, join_labels(predictions, labels))
    found = read_model_reference(context, champion(rmse=rmse))
    return Observed(context, champion(rmse=rmse), SPAN, holdout, window, found)


def test_it_is_read_as_it_was_written(context: Context, holdout: Holdout, model: LinearRegression) -> None:
    write_model_reference(context, "training", model, holdout)
    reference, losses = read_model_reference(context, champion()), read_loss_reference(context, champion())
    assert reference is not None
    assert (reference.classes, reference.calibrated) == ((), None)
    assert losses is not None
    rows = houses(1000, 3)[["size"]]
    estimate = estimate_regression(losses, "rmse", rows, model.predict(rows))
    assert estimate.value == pytest.approx(1.0, abs=0.05)


def test_a_model_without_one_is_watched_without_an_estimate(
    context: Context, holdout: Holdout, model: LinearRegression
) -> None:
    assert read_model_reference(context, champion("another")) is None
    assert read_loss_reference(context, champion(None)) is None
    assert [one.kind for one in check_performance.fn(observed(context, holdout, model))] == ["performance"]


def test_without_labels_the_estimate_is_a_finding(context: Context, holdout: Holdout, model: LinearRegression) -> None:
    write_model_reference(context, "training", model, holdout)
    _, fine = check_performance.fn(observed(context, holdout, model, rmse=1.0))
    _, lost = check_performance.fn(observed(context, holdout, model, rmse=0.5))
    assert (fine.kind, fine.conclusive, fine.significant) == ("estimate", True, False)
    assert lost.significant, "a model that promised half the error has lost it"


def test_labels_contradict_the_estimate_of_their_own_rows(
    context: Context, holdout: Holdout, model: LinearRegression
) -> None:
    """Labels that come late are of other rows than the window's, which may be easier."""
    rng = np.random.default_rng(0)
    then = holdout.frame.assign(price=3 * holdout.frame["size"] + rng.normal(0, 1, 2000) * spread(holdout.frame))
    write_model_reference(context, "training", model, Holdout(then, holdout.manifest))
    window = observed(context, holdout, model)
    asked = window.window.predictions
    large = [one for one in asked["inputs"] if one["size"] > 0] * 2  # the hard ones
    asked = asked.head(len(large)).assign(inputs=large, prediction=model.predict(pd.DataFrame(large)))
    small = houses(1000, 4).query("size < 0")
    usual, other = (
        small.assign(label=3 * small["size"] + moved + rng.normal(0, 1, len(small)) * spread(small))
        for moved in (0.0, 2.0)
    )
    told = {
        name: check_performance.fn(replace(window, window=replace(window.window, predictions=asked, joined=of(rows))))
        for name, rows in {"usual": with_predictions(usual, model), "other": with_predictions(other, model)}.items()
    }
    assert not [one for one in told["usual"] if one.significant and one.kind == "drift"]
    assert [one.kind for one in told["other"] if one.significant] == ["performance", "drift"]


def spread(rows: pd.DataFrame) -> pd.Series:
    """How far prices of large houses are from what one would expect, beside those of small ones."""
    return 0.5 + 1.5 * (rows["size"] > 0)


def with_predictions(rows: pd.DataFrame, model: LinearRegression) -> pd.DataFrame:
    inputs = rows[["size"]]
    return pd.DataFrame(
        {
            "correlation_id": [f"old-{number}" for number in range(len(rows))],
            "prediction": model.predict(inputs),
            "inputs": inputs.to_dict("records"),
            "label": rows["label"].to_numpy(),
        }
    )


def of(frame: pd.DataFrame) -> Joined:
    return Joined(frame, 1.0, len(frame))


def test_a_slot_that_tells_nothing_is_not_fine(context: Context, holdout: Holdout, model: LinearRegression) -> None:
    class Unreachable:
        def get(self, name: str) -> Any:
            raise Unavailable(f"{name}: the gateway does not answer.")

    store, seen = Windows(context.platform.blobs, "other"), observed(context, holdout, model)
    assert "error rate" not in {one.subject for one in check_service.fn(seen, store)}, "there is no endpoint"
    platform = cast(Any, SimpleNamespace(blobs=context.platform.blobs, endpoints=Unreachable()))
    unknown = replace(seen, context=replace(context, platform=platform))
    told = {one.subject: one for one in check_service.fn(unknown, store)}
    assert not told["error rate"].conclusive
    assert "the gateway does not answer" in told["error rate"].message


def test_trainings_that_queue_for_hours_are_told(context: Context, holdout: Holdout, model: LinearRegression) -> None:
    def found() -> list[Finding]:
        told = check_service.fn(observed(context, holdout, model), Windows(context.platform.blobs, "other"))
        return [one for one in told if one.subject == "queueing for compute"]

    assert found() == [], "no job has waited"
    for number in range(5):
        ended = SPAN.end - timedelta(hours=number)
        usage = JobUsage(job=f"toy-{number}", ended_at=ended, seconds=60, queued_seconds=7200)
        write_usage(context.platform.blobs, "toy", usage)
        assert [one.significant for one in found()] == ([True] if number == 4 else []), "fewer than five cannot tell"


def test_fewer_rows_than_usual_are_told_once_there_is_a_usual(
    context: Context, holdout: Holdout, model: LinearRegression
) -> None:
    store = Windows(context.platform.blobs, "toy")
    for day in range(1, 10):
        end = START - timedelta(days=day - 1)
        told = record(0, 24).model_copy(update={"workload": "toy", "rows": 1000 + day, "key": f"day-{day}"})
        store.write(told.model_copy(update={"start": end - timedelta(days=1), "end": end}))
    few, many = (
        {one.subject: one for one in check_service.fn(observed(context, holdout, model, rows), store)}
        for rows in (300, 1000)
    )
    assert few["volume"].significant
    assert not many["volume"].significant
    assert not many["freshness"].significant
    alone = check_service.fn(observed(context, holdout, model), Windows(context.platform.blobs, "other"))
    assert [one.subject for one in alone] == ["freshness"]
