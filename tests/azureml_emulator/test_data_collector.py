"""A scored request's row comes back: score.py, its collector package, the collector, the blobs, our reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from pydantic import SecretStr

from platforms.azure.blobs import AzureBlobStore
from platforms.azure.collected_predictions import CollectedPredictions
from tests.azureml_emulator.collecting import deploy, score, serve_command
from tests.azureml_emulator.conftest import Emulator, make_client
from tests.waiting import until

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

HALVES = {"model_inputs": "true", "model_outputs": "true"}


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator whose servers are ours, with the endpoint `toy` deployed, and this process led to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZUREML_EMULATOR_COLLECT_SECONDS", "0.5")
        running = Emulator(tmp_path_factory.mktemp("emulator"), ["--serve", serve_command()])
        running.start()
        try:
            for name, value in running.description["environment"].items():
                patch.setenv(name, value)
            deploy(make_client(running, "development"), "toy", "blue", tmp_path_factory.mktemp("toy"), HALVES)
            yield running
        finally:
            running.stop()
    assert running.unknown() == ""


@pytest.fixture(name="client")
def _client(served: Emulator) -> MLClient:
    return make_client(served, "development")


@pytest.fixture(name="blobs")
def _blobs(client: MLClient) -> AzureBlobStore:
    """The workspace's default container, by identity."""
    store = client.datastores.get_default()
    address = SecretStr(f"https://{store.account_name}.blob.core.windows.net")
    return AzureBlobStore.connect(address, store.container_name)


def collected(blobs: AzureBlobStore, endpoint: str, start: datetime, rows: int) -> pd.DataFrame:
    """The predictions since the start, once there are so many."""
    reader = CollectedPredictions(blobs)

    def look() -> list[pd.DataFrame]:
        found = reader.between(endpoint, start, datetime.now(UTC) + timedelta(minutes=1))
        return [found] if len(found) >= rows else []

    frame: pd.DataFrame = until(look)[0]
    return frame


def test_a_scored_row_comes_back(served: Emulator, client: MLClient, blobs: AzureBlobStore) -> None:
    start = datetime.now(UTC)
    body = {
        "input_data": {"columns": ["age", "weight"], "data": [[41.123456789012345, 80], [1e-13, None]]},
        "correlation_ids": ["one", "two"],
    }
    answer = score(served, client, "toy", body)
    assert answer.status_code == 200, answer.text
    frame = collected(blobs, "toy", start, 2).set_index("correlation_id")
    assert frame.loc["one", "inputs"] == {"age": 41.123456789012345, "weight": 80}
    assert frame.loc["two", "inputs"] == {"age": 1e-13, "weight": None}
    assert frame["model_version"].tolist() == [3, 3]
    assert frame["slot"].tolist() == ["blue", "blue"]
    told = {one["correlation_id"]: (one["prediction"], one["probability"]) for one in answer.json()["predictions"]}
    assert {key: (row["prediction"], row["probability"]) for key, row in frame.iterrows()} == told
    assert frame["time"].between(start, datetime.now(UTC)).all()
