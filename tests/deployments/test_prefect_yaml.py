"""`prefect.yaml` says what Prefect would not complain about: a misspelt trigger matches every event."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

CONTENT = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = {f"{one['entrypoint'].rpartition('.')[2]}/{one['name']}": one for one in CONTENT["deployments"]}
KEYS = {"name", "entrypoint", "description", "tags", "work_pool", "triggers"}
TRIGGER_KEYS = {
    "type", "name", "description", "enabled", "posture", "match", "expect", "for_each", "threshold", "within",
    "parameters",
}  # fmt: skip


def flow_of(deployment: dict[str, Any]) -> Any:
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_deployments_are_those_that_the_documents_name() -> None:
    assert set(DEPLOYMENTS) == {
        "setup/dev", "ingest/dev", "train/dev", "retrain/dev", "release/staging", "promote/prod", "monitor/prod",
        "rollback/prod", "annotate/prod", "reconcile/prod", "score/prod", "patrol/prod",
        "compare_batch/prod",
    }  # fmt: skip


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_is_whole(name: str) -> None:
    deployment = DEPLOYMENTS[name]
    assert set(deployment) <= KEYS, "Prefect ignores a key that it does not know"
    assert flow_of(deployment).name == name.partition("/")[0]
    stage = name.partition("/")[2]
    assert deployment["work_pool"]["name"] == f"{{{{ $PERENNIAL_POOL_{stage.upper()} }}}}"
    assert deployment["tags"] == ["perennial", stage]
    assert deployment["description"]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_parameter_is_described(name: str) -> None:
    """What the form of the UI shows."""
    for parameter in flow_of(DEPLOYMENTS[name]).parameters.properties.values():
        assert parameter.get("description"), parameter


@pytest.mark.parametrize("name", [name for name, one in DEPLOYMENTS.items() if one.get("triggers")])
def test_a_trigger_waits_for_something_and_passes_what_the_flow_takes(name: str) -> None:
    parameters = set(inspect.signature(flow_of(DEPLOYMENTS[name]).fn).parameters)
    for trigger in DEPLOYMENTS[name]["triggers"]:
        assert set(trigger) <= TRIGGER_KEYS
        assert trigger["enabled"] is True
        assert trigger["expect"], "a trigger that expects nothing matches every event, its own too"
        assert all(event.startswith("perennial.") for event in trigger["expect"])
        assert trigger["match"]
        assert set(trigger["parameters"]) <= parameters
        assert all(re.fullmatch(r"\{\{ event\.payload\.\w+ \}\}", value) for value in trigger["parameters"].values())
