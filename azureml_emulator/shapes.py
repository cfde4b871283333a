"""The shape of a JSON value: the paths that it has, each with its types; never a value.

A path joins names by dots; `[]` stands for the entries of a list, and `*` for the keys of what maps names of the
caller's own (tags, inputs, …) to values.
"""

from __future__ import annotations

from typing import Any

Shape = dict[str, list[str]]

# Members whose keys are the caller's words, not the format's.
_MAPS = {
    "artifactContentInformation",
    "artifacts",
    "endpointConfiguration",
    "environmentVariables",
    "errors",
    "flavors",
    "inputData",
    "inputs",
    "interactionEndpoints",
    "jobs",
    "logFiles",
    "mirrorTraffic",
    "outputs",
    "runDefinition",
    "searchSpace",
    "services",
    "tags",
    "traffic",
    "userAssignedIdentities",
    "values",
}
_KINDS = ("jobType", "computeType", "datastoreType", "dataType", "endpointComputeType", "actionType", "secretsType")
_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}


def shape_of(value: Any, path: str = "") -> Shape:
    """All paths below a value, itself included unless it is the whole."""
    if isinstance(value, dict):
        found: Shape = {path: ["object"]} if path else {}
        is_map = _is_map(path)
        for name, member in value.items():
            step = "*" if is_map else name
            found = merged(found, shape_of(member, f"{path}.{step}" if path else step))
        return found
    if isinstance(value, list):
        found = {path: ["array"]} if path else {}
        for member in value:
            found = merged(found, shape_of(member, f"{path}[]"))
        return found
    return {path: [_TYPES[type(value)]]}


def merged(one: Shape, other: Shape) -> Shape:
    """Both together: every path with every type that it was seen with."""
    return {path: sorted({*one.get(path, ()), *other.get(path, ())}) for path in (one | other)}


def variant_of(value: Any) -> str:
    """Which kind of resource a body is, where one route answers with several: `Command`, `AmlCompute`, …"""
    if not isinstance(value, dict):
        return ""
    properties = value.get("properties")
    for members in (properties if isinstance(properties, dict) else {}, value):
        for kind in _KINDS:
            if isinstance(members.get(kind), str):
                return str(members[kind])
    return ""


def _is_map(path: str) -> bool:
    """`properties.properties` is a map; the envelope's own `properties` is not."""
    *before, last = path.split(".")
    return last in _MAPS or (last == "properties" and bool(before) and before[-1] in ("properties", "value[]"))
