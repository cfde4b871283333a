"""What is different about the SDK where our clients have been made."""

from __future__ import annotations

import inspect

import pytest

from platforms.azure.clients import AzureClients
from tests.platforms.conftest import EmulatedAzure


def test_no_source_is_read_for_an_experimental_object(azure: EmulatedAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was for each, to see whether its user is to be warned."""
    AzureClients(azure.settings.require_azure()).workspace("production")
    from azure.ai.ml.entities import DataCollector, DeploymentCollection

    monkeypatch.setattr(inspect, "stack", lambda *_: pytest.fail("it reads sources"))
    collector = DataCollector(collections={"model_inputs": DeploymentCollection(enabled="true")})
    assert list(collector.collections) == ["model_inputs"]
