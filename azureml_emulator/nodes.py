"""One node of a pipeline: what it waits for, and the job that it becomes once that is there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from azureml_emulator.composites import Children
from azureml_emulator.errors import ServiceError, user_error
from azureml_emulator.store import Document

_OUTPUT = re.compile(r"\$\{\{\s*parent\.jobs\.(?P<node>[^.}]+)\.outputs\.(?P<name>[^.}]+?)\s*\}\}")
_PARENT = re.compile(r"\$\{\{\s*parent\.(?P<side>inputs|outputs)\.(?P<name>[^}]+?)\s*\}\}")


@dataclass(frozen=True)
class Node:
    """The node as it was submitted, and its component."""

    name: str
    described: Document
    component: Document

    @property
    def after(self) -> set[str]:
        """The nodes whose outputs it takes."""
        bindings = (str(value.get("value", "")) for value in (self.described.get("inputs") or {}).values())
        return {match["node"] for binding in bindings if (match := _OUTPUT.fullmatch(binding))}

    def job(self, pipeline: Document, children: Children) -> Document:
        """The properties of its job; all nodes that it comes after are done."""
        own, component = self.described, self.component
        settings = pipeline["properties"]["settings"]
        common = {
            "displayName": own.get("display_name") or own.get("displayName") or self.name,
            "experimentName": pipeline["properties"]["experimentName"],
            "computeId": own.get("computeId")
            or settings.get("default_compute")
            or pipeline["properties"].get("computeId"),
            "inputs": self._inputs(pipeline, children),
            "outputs": self._outputs(pipeline),
            "properties": {"azureml.parentRunId": pipeline["name"], "azureml.nodeName": self.name},
            "tags": own.get("tags") or {},
        }
        if component["type"] == "pipeline":
            return {**common, "jobType": "Pipeline", "jobs": component["jobs"], "settings": settings}
        variables = {**(component.get("environment_variables") or {}), **(own.get("environment_variables") or {})}
        return {
            **common,
            "jobType": "Command",
            "command": component["command"],
            "codeId": _plain(component.get("code")),
            "environmentId": _plain(own.get("environment") or component.get("environment")),
            "environmentVariables": variables,
            "limits": own.get("limits"),
        }

    def _inputs(self, pipeline: Document, children: Children) -> Document:
        """Those that are given, and the component's defaults for the rest."""
        given = {
            key: self._input(value, pipeline, children) for key, value in (self.described.get("inputs") or {}).items()
        }
        found = {key: value for key, value in given.items() if value is not None}
        for key, wanted in (self.component.get("inputs") or {}).items():
            if key not in found and wanted.get("default") is not None:
                found[key] = {"jobInputType": "literal", "value": str(wanted["default"])}
            elif key not in found and not wanted.get("optional"):
                raise user_error(f"The job {self.name!r} lacks the input {key!r}.")
        return found

    def _input(self, value: Document, pipeline: Document, children: Children) -> Document | None:
        kind = value.get("jobInputType") or value.get("job_input_type") or value.get("type") or "literal"
        if "uri" in value:
            return {"jobInputType": kind, "uri": value["uri"]}
        text = str(value.get("value", ""))
        if match := _OUTPUT.fullmatch(text):
            made = children[match["node"]]["properties"]["outputs"].get(match["name"])
            if made is None:
                raise user_error(f"The job {match['node']!r} has no output {match['name']!r}.")
            return {"jobInputType": made["jobOutputType"], "uri": made["uri"]}
        if match := _PARENT.fullmatch(text):
            found: Document | None = pipeline["properties"]["inputs"].get(match["name"])
            return found
        return {"jobInputType": "literal", "value": text}

    def _outputs(self, pipeline: Document) -> Document:
        """An output that is the pipeline's own lands where the pipeline's does."""
        given = self.described.get("outputs") or {}
        found = {}
        for key, wanted in (self.component.get("outputs") or {}).items():
            value = given.get(key) or {}
            kind = wanted["type"]
            match = _PARENT.fullmatch(str(value.get("value", "")))
            if match:
                outer = pipeline["properties"]["outputs"].get(match["name"]) or {}
                found[key] = {"jobOutputType": kind, "uri": outer.get("uri")}
            else:
                own = {word: value[word] for word in ("uri", "assetName", "assetVersion") if value.get(word)}
                found[key] = {"jobOutputType": kind, **own}
        return found


def read_node(name: str, described: Document, component: Document) -> Node:
    """Raises where the node is of a kind that we do not run."""
    if component.get("type") not in ("command", "pipeline"):
        raise ServiceError(501, "NotEmulated", f"Nodes of type {component.get('type')!r} are not emulated.")
    return Node(name, described, component)


def _plain(asset: str | None) -> str | None:
    """An asset's id without the prefix that components carry."""
    return asset.removeprefix("azureml:") if asset and asset.startswith("azureml:/") else asset
