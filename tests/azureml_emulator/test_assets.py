"""Data, environments and models by the SDK: versions are made, listed, found again, and keep what they name."""

from __future__ import annotations

from tests.azureml_emulator.conftest import Emulator

MAKE = """
from azure.ai.ml.entities import Data, Environment, Model
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
store = "azureml://datastores/workspaceblobstore/paths"
"""


def test_a_data_version_is_made_and_found(emulator: Emulator) -> None:
    code, told = emulator.python(
        MAKE
        + """
for version in ("9", "10"):
    client.data.create_or_update(
        Data(name="patients", version=version, type="uri_folder", path=f"{store}/p/{version}", tags={"hash": version})
    )
found = client.data.get("patients", version="9")
print("FOUND", found.name, found.version, found.tags, found.path.endswith("/p/9"))
print("ALL", sorted(int(one.version) for one in client.data.list("patients")))
made = client.data.create_or_update(Data(name="patients", type="uri_folder", path=f"{store}/p/next"))
print("NEXT", made.version)
"""
    )
    assert code == 0, told
    assert "FOUND patients 9 {'hash': '9'} True" in told
    assert "ALL [9, 10]" in told
    assert "NEXT 11" in told, "as numbers: as texts, 9 would come after 10"


def test_a_version_keeps_what_it_names(emulator: Emulator) -> None:
    code, told = emulator.python(
        MAKE
        + """
for path, tags in (("one", {}), ("one", {"seen": "yes"})):
    client.data.create_or_update(Data(name="kept", version="1", type="uri_folder", path=f"{store}/{path}", tags=tags))
print("TAGS", client.data.get("kept", version="1").tags)
try:
    client.data.create_or_update(Data(name="kept", version="1", type="uri_folder", path=f"{store}/two"))
except Exception as error:
    print("REFUSED", error)
"""
    )
    assert code == 0, told
    assert "TAGS {'seen': 'yes'}" in told
    assert "REFUSED" in told
    assert "cannot be changed" in told


def test_environments_and_models(emulator: Emulator) -> None:
    code, told = emulator.python(
        MAKE
        + """
image = "mcr.microsoft.com/azureml/minimal"
client.environments.create_or_update(Environment(name="scoring", version="1", image=image))
print("ENVIRONMENT", client.environments.get("scoring", "1").image)
model = Model(name="diabetes", version="1", type="mlflow_model", path=f"{store}/m", tags={"auc": "0.9"})
client.models.create_or_update(model)
print("MODEL", client.models.get("diabetes", version="1").tags)
print("MODELS", [one.name for one in client.models.list()])
try:
    client.models.get("absent", version="1")
except ResourceNotFoundError as error:
    print("ABSENT", error.status_code)
"""
    )
    assert code == 0, told
    assert "ENVIRONMENT mcr.microsoft.com/azureml/minimal" in told
    assert "MODEL {'auc': '0.9'}" in told
    assert "MODELS ['diabetes']" in told
    assert "ABSENT 404" in told


def test_workspaces_are_apart(emulator: Emulator) -> None:
    code, told = emulator.python(
        MAKE + "print('HERE', [one.name for one in client.data.list()])", workspace="production"
    )
    assert code == 0, told
    assert "HERE []" in told
