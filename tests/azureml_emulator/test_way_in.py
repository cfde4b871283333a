"""The SDK, unchanged, reaches the emulator by Azure's own names; nothing else is reached."""

from __future__ import annotations

import ssl

import httpx
import pytest

from tests.azureml_emulator.conftest import Emulator


def test_the_sdk_reads_a_workspace(emulator: Emulator) -> None:
    code, told = emulator.python("w = client.workspaces.get('development'); print(w.name, w.location, w.id)")
    assert code == 0, told
    identity = f"/subscriptions/{emulator.settings['subscription']}/resourceGroups/emulated"
    assert f"development westeurope {identity}" in told


def test_the_sdk_lists_workspaces(emulator: Emulator) -> None:
    code, told = emulator.python("print(sorted(w.name for w in client.workspaces.list()))")
    assert code == 0, told
    assert "['development', 'production']" in told


def test_what_is_not_there_is_told_as_the_service_does(emulator: Emulator) -> None:
    code, told = emulator.python("client.workspaces.get('absent')")
    assert code == 1
    assert "(ResourceNotFound) The Resource" in told


def test_a_wrong_secret_is_refused(emulator: Emulator) -> None:
    code, told = emulator.python("client.workspaces.get('development')", AZURE_CLIENT_SECRET="other")  # noqa: S106
    assert code == 1
    assert "AADSTS7000215" in told
    assert emulator.settings["environment"]["AZURE_CLIENT_SECRET"] not in told


def test_unknown_hosts_and_routes_are_refused_and_logged(emulator: Emulator) -> None:
    environment = emulator.settings["environment"]
    trusted = ssl.create_default_context(cafile=environment["REQUESTS_CA_BUNDLE"])
    proxied = httpx.Client(proxy=environment["HTTPS_PROXY"], verify=trusted)
    with pytest.raises(httpx.ProxyError, match="403"):
        proxied.get("https://example.org/")
    answer = proxied.get("https://management.azure.com/subscriptions/x/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "EmulatorHasNoRoute"
    assert "refused: CONNECT example.org:443" in emulator.log
    assert "no such route: GET https://management.azure.com/subscriptions/x/nothing" in emulator.log.replace(
        "http://", "https://"
    )
