"""Pipeline jobs: nodes in the order of their data, each a job of its own made from a component."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

from azureml_emulator.assets import Assets
from azureml_emulator.composites import Children, Step
from azureml_emulator.errors import ServiceError, user_error
from azureml_emulator.job_runs import TERMINAL
from azureml_emulator.nodes import Node, read_node
from azureml_emulator.settings import ZERO_ID
from azureml_emulator.store import Document
from azureml_emulator.world import World


class Pipelines:
    """A node starts when all that it takes from other nodes is there; what depends on a failed one never starts."""

    log = "logs/azureml/executionlogs.txt"

    def __init__(self, world: World, assets: Assets) -> None:
        self._world = world
        self._assets = assets

    def prepare(self, workspace: str, properties: Document) -> Document:
        """The nodes are read once, so that a pipeline that cannot run is refused."""
        jobs = properties.get("jobs") or self._jobs_of_component(workspace, properties.get("componentId"))
        if not jobs:
            raise user_error("The pipeline has no jobs.")
        properties = {**properties, "jobs": jobs, "settings": properties.get("settings") or {}}
        nodes = self._nodes(workspace, properties)
        for name, node in nodes.items():
            unknown = node.after - set(nodes)
            if unknown:
                raise user_error(f"The job {name!r} takes the output of {sorted(unknown)}, which the pipeline lacks.")
        _check_order(nodes)
        return properties

    def step(self, workspace: str, job: Document, children: Children) -> Step:
        nodes = self._nodes(workspace, job["properties"])
        states = {name: child["properties"]["status"] for name, child in children.items()}
        lost = [name for name, state in states.items() if state in ("Failed", "Canceled")]
        living = any(state not in TERMINAL for state in states.values())
        if lost and not _goes_on(job["properties"]):
            return Step(stop=True) if living else Step(status="Failed", error=_failure(lost))
        ready = [
            name
            for name, node in nodes.items()
            if name not in states and all(states.get(other) == "Completed" for other in node.after)
        ]
        start = {name: (_child_name(job, name), nodes[name].job(job, children)) for name in ready}
        if start or living:
            return Step(start=start)
        return Step(status="Failed", error=_failure(lost)) if lost else Step(status="Completed")

    def _nodes(self, workspace: str, properties: Document) -> dict[str, Node]:
        return {
            name: read_node(name, described, self._component(workspace, described.get("componentId")))
            for name, described in properties["jobs"].items()
        }

    def _component(self, workspace: str, component: str | None) -> Document:
        """What a component's version says of itself."""
        parts = (component or "").removeprefix("azureml:").split("/")
        if len(parts) < 4 or parts[-2] != "versions":
            raise ServiceError(501, "NotEmulated", f"Nodes without a component ({component!r}) are not emulated.")
        found = self._assets.get(workspace, "components", parts[-3], parts[-1])
        spec: Document = found["properties"]["componentSpec"]
        return spec

    def _jobs_of_component(self, workspace: str, component: str | None) -> Document:
        jobs: Document = self._component(workspace, component).get("jobs", {}) if component else {}
        return jobs


def _goes_on(properties: Document) -> bool:
    """Whether nodes that do not depend on a failed one still run."""
    return str(properties["settings"].get("continue_on_step_failure", False)).lower() == "true"


def _failure(lost: list[str]) -> str:
    return f"Pipeline has failed child jobs: {json.dumps(sorted(lost))}. For more details see their logs."


def _child_name(job: Document, node: str) -> str:
    """The same after a restart; names of children are GUIDs, as on the service."""
    return str(uuid5(UUID(ZERO_ID + "000000000004"), f"{job['id']}/{node}"))


def _check_order(nodes: dict[str, Node]) -> None:
    """Each node must come after others only; a circle would wait for itself."""
    done: set[str] = set()
    while len(done) < len(nodes):
        ready = {name for name, node in nodes.items() if name not in done and node.after <= done}
        if not ready:
            raise user_error(f"The jobs {sorted(set(nodes) - done)} wait for each other.")
        done |= ready
