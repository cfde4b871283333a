"""Data, models, environments, code, compute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.azureml_emulator.conftest import Emulator

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Data


def _data(path: Path | str, name: str, version: str | None = None) -> Data:
    from azure.ai.ml.entities import Data

    return Data(name=name, version=version, path=str(path), type="uri_folder", tags={"made": "by test"})


def _folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / f"{name}.txt").write_text(text)
    return path


def test_a_local_folder_becomes_a_data_version(client: MLClient, tmp_path: Path) -> None:
    made = client.data.create_or_update(_data(_folder(tmp_path / "rows", one="1", two="2"), "patients", "abc"))
    assert "/datastores/workspaceblobstore/paths/LocalUpload/" in made.path
    got = client.data.get("patients", "abc")
    assert (got.path, got.tags) == (made.path, {"made": "by test"})


def test_versions_count_up(client: MLClient) -> None:
    path = "azureml://datastores/workspaceblobstore/paths/rows/"
    made = [client.data.create_or_update(_data(path, "counted")).version for _ in range(11)]
    assert made == [str(number) for number in range(1, 12)]
    assert client.data.get("counted", label="latest").version == "11"
    assert next(found.version for found in client.data.list("counted")) == "11"


def test_a_versions_path_does_not_change(client: MLClient) -> None:
    client.data.create_or_update(_data("azureml://datastores/workspaceblobstore/paths/a/", "fixed", "1"))
    with pytest.raises(Exception, match="path"):
        client.data.create_or_update(_data("azureml://datastores/workspaceblobstore/paths/b/", "fixed", "1"))


def test_an_archived_asset_is_not_listed(client: MLClient) -> None:
    client.data.create_or_update(_data("azureml://datastores/workspaceblobstore/paths/c/", "old", "1"))
    client.data.archive("old", version="1")
    assert list(client.data.list("old")) == []


def test_an_environment(client: MLClient) -> None:
    from azure.ai.ml.entities import Environment

    made = client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    assert (made.name, client.environments.get("bare", "1").image) == ("bare", "python:3.11")


def test_a_model_keeps_tags_and_properties(client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model

    folder = _folder(tmp_path / "model", weights="1")
    wanted = Model(name="diabetes", version="3", path=str(folder), tags={"a": "1"}, properties={"hash": "x"})
    client.models.create_or_update(wanted)
    model = client.models.get("diabetes", "3")
    model.tags["champion"] = "true"
    client.models.create_or_update(model)
    again = client.models.get("diabetes", "3")
    assert again.tags == {"a": "1", "champion": "true"}
    assert again.properties["hash"] == "x"
    assert [found.version for found in client.models.list("diabetes")] == ["3"]


def test_a_model_is_downloaded(client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model

    folder = _folder(tmp_path / "model", weights="0.5")
    client.models.create_or_update(Model(name="fetched", version="1", path=str(folder)))
    client.models.download("fetched", "1", download_path=str(tmp_path / "got"))
    assert next((tmp_path / "got").rglob("weights.txt")).read_text() == "0.5"


def test_a_model_that_is_not_there(client: MLClient) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with pytest.raises(ResourceNotFoundError):
        client.models.get("nothing", "1")


def test_a_cluster_is_made_and_deleted(client: MLClient) -> None:
    from azure.ai.ml.entities import AmlCompute

    wanted = AmlCompute(name="cpu", size="Standard_DS3_v2", min_instances=0, max_instances=2)
    made = client.compute.begin_create_or_update(wanted).result()
    assert made.provisioning_state == "Succeeded"
    assert client.compute.get("cpu").max_instances == 2
    client.compute.begin_delete("cpu").result()
    assert "cpu" not in {found.name for found in client.compute.list()}


def test_what_was_made_is_there_after_a_restart(
    own_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.azureml_emulator.conftest import make_client

    for restarts in (False, True):
        if restarts:
            own_emulator.restart()
        for name, value in own_emulator.description["environment"].items():
            monkeypatch.setenv(name, value)
        client = make_client(own_emulator, "development")
        if not restarts:
            client.data.create_or_update(_data(_folder(tmp_path / "rows", one="1"), "kept", "1"))
    assert client.data.get("kept", "1").name == "kept"
