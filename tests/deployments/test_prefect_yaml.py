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
DEPLOYMENTS = {
    f"{one['entrypoint'].rpartition('.')[2].replace('_', '-')}/{one['name']}": one for one in CONTENT["deployments"]
}
KEYS = {"name", "entrypoint", "description", "tags", "work_pool", "triggers"}
TRIGGER_KEYS = {
    "type", "name", "description", "enabled", "posture", "match", "match_related", "expect", "for_each", "threshold",
    "within", "parameters",
}  # fmt: skip
TOLD = re.compile(r"\{\{ (event\.payload|flow_run\.parameters)\.\w+ \}\}")


def flow_of(deployment: dict[str, Any]) -> Any:
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_deployments_are_those_that_the_documents_name() -> None:
    assert set(DEPLOYMENTS) == {
        "setup/dev", "ingest/dev", "train/dev", "retrain/dev", "release/staging", "promote/prod", "monitor/prod",
        "rollback/prod", "annotate/prod", "reconcile/prod", "score/prod", "patrol/prod", "ab-test/prod",
        "compare-batch/prod",
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
        assert all(event.startswith(("perennial.", "prefect.flow-run.")) for event in trigger["expect"])
        assert trigger["match"]
        assert set(trigger["parameters"]) <= parameters
        assert all(TOLD.fullmatch(value) for value in trigger["parameters"].values())


def test_what_is_broken_off_is_carried_on_by_a_flow_that_does_not_start_itself() -> None:
    """Or a `reconcile` that fails would start the next one, and that one the next."""
    (trigger,) = DEPLOYMENTS["reconcile/prod"]["triggers"]
    assert "reconcile" not in trigger["match_related"][0]["prefect.resource.name"]
    assert {"Crashed", "Failed"} == {event.rpartition(".")[2] for event in trigger["expect"]}
