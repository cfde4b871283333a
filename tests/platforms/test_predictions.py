"""The contract of `Predictions`, on every adapter there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from platforms.azure.collected_predictions import CollectedPredictions
from platforms.local.blobs import LocalBlobStore
from platforms.prediction_log import PREDICTION_COLUMNS, PredictionLog
from tests.platforms.predicted import START, Collected, LocallyLogged, Logged, record

HOUR = timedelta(hours=1)


@pytest.fixture(params=["local", "azure"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Logged:
    """A platform of each kind on which nothing is logged yet."""
    if request.param == "local":
        store = LocalBlobStore(tmp_path / "store")
        return LocallyLogged(store, tmp_path / "store", PredictionLog(store))
    blobs = request.getfixturevalue("azure_blobs")
    return Collected(blobs, tmp_path, CollectedPredictions(blobs))


def ids(frame: pd.DataFrame) -> list[str]:
    return list(frame["correlation_id"])


def test_what_was_logged_is_read(platform: Logged) -> None:
    at = START + timedelta(minutes=3, microseconds=7)
    platform.log(record("one", at, inputs={"age": 1e-13, "weight": None, "name": "Zoë \ud83d"}))
    frame = platform.predictions.between("toy", START, START + HOUR)
    assert list(frame.columns) == list(PREDICTION_COLUMNS)
    row: dict[str, Any] = frame.iloc[0].to_dict()
    assert row["time"] == at
    assert row["inputs"] == {"age": 1e-13, "weight": None, "name": "Zoë \ud83d"}
    told = {name: row[name] for name in ("correlation_id", "model_version", "slot", "prediction", "probability")}
    expected = {"correlation_id": "one", "model_version": 2, "slot": "blue", "prediction": 1, "probability": 0.75}
    assert told == expected


def test_a_window_has_its_start_and_not_its_end(platform: Logged) -> None:
    end = START + 3 * HOUR  # beyond midnight
    times = [START - timedelta(microseconds=1), START, end - timedelta(microseconds=1), end]
    platform.log(*(record(str(number), at) for number, at in enumerate(times)))
    assert ids(platform.predictions.between("toy", START, end)) == ["1", "2"]
    assert ids(platform.predictions.between("toy", START - HOUR, START)) == ["0"]


def test_all_time_is_a_window_too(platform: Logged) -> None:
    platform.log(record("one", START))
    ever = datetime(2000, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC, hour=0)
    assert ids(platform.predictions.between("toy", *ever)) == ["one"]


def test_rows_come_in_the_order_of_time(platform: Logged) -> None:
    minutes = [50, 10, 130, 30]
    slots = ["blue", "green", "blue", "green"]
    for minute, slot in zip(minutes, slots, strict=True):
        platform.log(record(str(minute), START + timedelta(minutes=minute), slot=slot))
    frame = platform.predictions.between("toy", START, START + 4 * HOUR)
    assert ids(frame) == ["10", "30", "50", "130"]
    assert list(frame["slot"]) == ["green", "green", "blue", "blue"]


def test_endpoints_are_apart(platform: Logged) -> None:
    platform.log(record("production", START), record("staging", START, endpoint="toy-staging"))
    assert ids(platform.predictions.between("toy", START, START + HOUR)) == ["production"]
    assert ids(platform.predictions.between("toy-staging", START, START + HOUR)) == ["staging"]


def test_nothing_is_an_empty_frame_of_the_same_form(platform: Logged) -> None:
    frame = platform.predictions.between("absent", START, START + HOUR)
    assert list(frame.columns) == list(PREDICTION_COLUMNS)
    assert frame.empty
    assert (frame["time"] >= START).empty  # times with a zone, that compare


def test_a_row_logged_twice_counts_once_and_an_id_used_twice_twice(platform: Logged) -> None:
    again = record("one", START + timedelta(minutes=1), prediction=0)
    platform.log(record("one", START), record("one", START), again)
    frame = platform.predictions.between("toy", START, START + HOUR)
    assert list(zip(frame["correlation_id"], frame["prediction"], strict=True)) == [("one", 1), ("one", 0)]


def test_a_line_cut_short_costs_only_itself(platform: Logged) -> None:
    platform.log(record("one", START))
    for blob in list(platform.blobs.list("")):
        whole = platform.blobs.read(blob.name)
        platform.blobs.write(blob.name, b'\xff{"\n7\n' + whole + whole[: len(whole) // 2])
    assert ids(platform.predictions.between("toy", START, START + HOUR)) == ["one"]


def test_other_kinds_of_answer(platform: Logged) -> None:
    shares = {"a": 0.25, "b": 0.5, "c": 0.25}
    several = {key: value for key, value in record("several", START).items() if key != "probability"}
    number = {key: value for key, value in record("number", START + HOUR).items() if key != "probability"}
    platform.log(several | {"prediction": "b", "probabilities": shares}, number | {"prediction": 2.5})
    first, second = platform.predictions.between("toy", START, START + 2 * HOUR).to_dict("records")
    assert (first["prediction"], first["probabilities"]) == ("b", shares)
    assert second["prediction"] == 2.5
    assert pd.isna(second["probability"])


def test_a_feature_may_have_a_name_of_ours(platform: Logged) -> None:
    inputs = {"time": 3, "inputs.time": 4, "slot": "night", "prediction": 0.5, "inputs": 1, "caller": "me"}
    platform.log(record("one", START, inputs=inputs))
    assert platform.predictions.between("toy", START, START + HOUR).loc[0, "inputs"] == inputs


def test_a_caller_is_told_where_a_test_knew_one(platform: Logged) -> None:
    platform.log(record("one", START, caller="t.challenger.0"), record("two", START + timedelta(minutes=1)))
    told = platform.predictions.between("toy", START, START + HOUR)["caller"]
    assert (told[0], told.isna().tolist()) == ("t.challenger.0", [False, True])
