"""`perennial doctor` on an emulated subscription: all well, and each kind of trouble with the command that mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deployments.doctor import doctor
from platforms.azure.clients import AzureClients
from platforms.azure.emulated import make_infrastructure
from platforms.azure.workspace_setup import datastore, environments
from platforms.settings import Settings
from tests.azureml_emulator.conftest import Emulator
from tests.conftest import HTTP, Service

_SECRET = "emulated"  # noqa: S105  (opens nothing but the emulator)
_STAGES = ("development", "staging", "production")
Doctor = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A subscription with little quota, with nothing in it yet, and identities that may more or less."""
    shared = "registry:models,container:perennial"
    options = [word for stage in _STAGES for word in ("--workspace", stage)]
    options += [word for stage in _STAGES for word in ("--identity", f"{stage}={stage},{shared}")]
    options += ["--identity", "onlooker=development:read,registry:models:read", "--identity", "stranger="]
    options += ["--identity", f"mighty=development,production,{shared}"]
    options += ["--registry", "models", "--quota", "32", "--unregistered", "Microsoft.KeyVault"]
    running = Emulator(tmp_path_factory.mktemp("azure"), options)
    running.start()
    yield running
    running.stop()
    unknown = [line for line in running.unknown().splitlines() if "data.example.org" not in line]
    assert unknown == [], "asked for something that is not emulated"


@pytest.fixture
def look(
    azure: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    """The command's findings by what was looked at, with settings changed as the arguments say, and `exit`."""
    described = azure.description
    variables = {
        **described["environment"],
        "PERENNIAL_PLATFORM": "azure",
        "PERENNIAL_STATE": str(tmp_path),
        "PERENNIAL_AZURE__TENANT": described["environment"]["AZURE_TENANT_ID"],
        "PERENNIAL_AZURE__SUBSCRIPTION": described["subscription"],
        "PERENNIAL_AZURE__RESOURCE_GROUP": described["resource_group"],
        "PERENNIAL_AZURE__REGISTRY": "models",
        "PERENNIAL_AZURE__STORAGE": "https://emulated.blob.core.windows.net",
        "PERENNIAL_AZURE__BASE_IMAGE": "python@sha256:" + "0" * 64,
    }
    for stage in _STAGES:
        variables |= {f"PERENNIAL_AZURE__{stage.upper()}__WORKSPACE": stage}
        variables |= {f"PERENNIAL_AZURE__{stage.upper()}__CLIENT_ID": stage}
        variables |= {f"PERENNIAL_AZURE__{stage.upper()}__CLIENT_SECRET": _SECRET}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def run(**changed: str) -> dict[str, dict[str, str]]:
        for name, value in changed.items():
            monkeypatch.setenv(f"PERENNIAL_AZURE__{name.upper()}", value)
        code = doctor(as_json=True)
        printed = capsys.readouterr().out
        found: list[dict[str, Any]] = json.loads(printed)
        assert "eyJ" not in printed, "a token"
        assert code == int(any(one["verdict"] == "missing" for one in found))
        return {one["what"]: one for one in found}

    return run


def _bad(found: dict[str, dict[str, str]]) -> set[str]:
    return {what for what, one in found.items() if one["verdict"] != "ok" and what != "Prefect API"}


def _is(found: dict[str, dict[str, str]], what: str, verdict: str, told: str, mend: str) -> None:
    one = found[what]
    assert one["verdict"] == verdict, one
    assert re.search(told, one["told"]), one
    assert re.search(mend, one["mend"]), one


@pytest.fixture
def made(azure: Emulator, look: Doctor) -> None:  # noqa: ARG001  (the environment leads to it)
    """What Bicep and the setup flow make."""
    settings = Settings().require_azure()
    with closing(azure.http()) as http:
        path = f"/subscriptions/{settings.subscription}/providers/Microsoft.KeyVault/register"
        http.post(f"https://management.azure.com{path}", params={"api-version": "2021-04-01"}).raise_for_status()
    make_infrastructure(settings)
    clients = AzureClients(settings)
    for item in [*datastore(clients), *environments(clients)]:
        if not item.there:
            item.make()


def test_an_empty_subscription_is_told_line_by_line(look: Doctor) -> None:
    found = look()
    _is(found, "provider Microsoft.KeyVault", "missing", "NotRegistered", "az provider register .*KeyVault --wait")
    _is(found, "container perennial in emulated", "missing", "404", "az storage container create --name perennial")
    _is(found, "cluster cpu-cluster", "missing", "404", "az ml compute create --type AmlCompute --name cpu-cluster")
    _is(found, "datastore perennial", "missing", "not there", "setup/dev")
    assert {what.partition(" ")[0] for what in _bad(found)} == {
        "provider", "container", "cluster", "datastore", "environment",
    }, _bad(found)  # fmt: skip


@pytest.mark.usefixtures("made")
def test_all_is_well_but_for_prefect(look: Doctor) -> None:
    found = look()
    _is(found, "Prefect API", "missing", "no PREFECT_API_URL", "perennial up --platform azure")
    assert _bad(found) == set(), found
    assert "by ClientSecretCredential" in found["credentials of production"]["told"]
    assert "28 cores are needed" in found["quota of standardDSv2Family in westeurope"]["told"]
    assert found["host westeurope.api.azureml.ms"]["told"].startswith("answers TLS through the proxy 127.0.0.1")


@pytest.mark.usefixtures("made")
class TestTrouble:
    """Each is told where it is, and nothing else is."""

    def test_a_role_that_only_reads(self, look: Doctor) -> None:
        found = look(development__client_id="onlooker")
        role = 'az role assignment create --assignee onlooker --role "AzureML Data Scientist" --scope .*/development$'
        _is(found, "role of development on development", "missing", "may not .*jobs/write", role)
        role = 'az role assignment create --assignee onlooker --role "AzureML Registry User" --scope .*/models$'
        _is(found, "development may write to the registry models", "missing", "registries/assets/write", role)
        assert len(_bad(found)) == 2, _bad(found)

    def test_no_role_at_all(self, look: Doctor) -> None:
        found = look(production__client_id="stranger")
        _is(found, "workspace production of production", "missing", "AuthorizationFailed", "role assignment create")
        assert found["workspace staging of staging"]["verdict"] == "ok"

    def test_a_quota_that_is_too_small_for_blue_and_green(self, look: Doctor) -> None:
        found = look(serving_size="Standard_DS4_v2")
        _is(found, "quota of standardDSv2Family in westeurope", "missing", "52 cores .* 32 allowed", "quota")
        assert len(_bad(found)) == 1, _bad(found)

    def test_a_size_that_is_not_there(self, look: Doctor) -> None:
        _is(look(serving_size="Standard_X1"), "size Standard_X1 in westeurope", "missing", "none such", "list-sizes")

    def test_a_host_that_cannot_be_reached(self, look: Doctor) -> None:
        found = look(storage="https://data.example.org")
        _is(found, "host data.example.org", "missing", "proxy .* refuses it: 403", "HTTPS_PROXY")
        assert found["host management.azure.com"]["verdict"] == "ok"

    def test_a_wrong_secret(self, look: Doctor) -> None:
        found = look(**{"staging__client_secret": "not-it"})
        _is(found, "credentials of staging", "missing", "no token: .*AADSTS7000215", "credential reset --id staging")
        assert found["workspace staging of staging"]["verdict"] == "cannot be looked at"
        assert found["workspace production of production"]["verdict"] == "ok"
        assert "not-it" not in json.dumps(found)

    def test_stages_that_are_not_apart(self, look: Doctor) -> None:
        found = look(development__client_id="mighty")
        _is(
            found, "development is kept out of production", "warning", "can read", "assignment delete --assignee mighty"
        )
        assert len(_bad(found)) == 1, _bad(found)

    def test_a_service_that_does_not_answer(self, look: Doctor, azure: Emulator, monkeypatch: Any) -> None:
        """Its own line says so within the limit, and the others are as they are."""
        monkeypatch.setattr("platforms.azure.doctor.examination.LIMIT_SECONDS", 2.0)
        fault = {"pattern": "GET .*/providers/Microsoft.Storage$", "delay": 6}
        HTTP.post(f"{azure.description['control']}/faults", json=fault).raise_for_status()
        found = look()
        _is(found, "provider Microsoft.Storage", "cannot be looked at", "no answer within 2 s", "register")
        assert len(_bad(found)) == 1, _bad(found)


def test_a_setting_that_is_missing_is_named(look: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERENNIAL_AZURE__STORAGE")
    found = look()
    _is(found, "setting PERENNIAL_AZURE__STORAGE", "missing", "required", "export PERENNIAL_AZURE__STORAGE=")


def test_this_machine_is_looked_at_too(
    stack: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PERENNIAL_PLATFORM", "local")
    monkeypatch.setenv("PERENNIAL_STATE", str(stack.settings.state))
    assert doctor(as_json=False) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^OK +mlflow of the service: http", printed, re.MULTILINE), printed
    monkeypatch.setenv("PERENNIAL_STATE", str(tmp_path))
    assert doctor(as_json=False) == 1
    assert re.search(r"^MISSING +service: none runs .*\n +perennial up", capsys.readouterr().out, re.MULTILINE)
