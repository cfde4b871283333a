"""Writes `azureml_emulator/schemas/bodies.json`: what the SDK's generated models say of the bodies that routes take.

    python -m tests.azureml_emulator.make_schemas

Facts alone, in a notation of our own: a field is `str`, `int`, `float`, `bool`, `any`, the name of a type or an enum,
`[X]` for a list or `{X}` for a mapping of these, and ends in `!` if it is required.
"""

from __future__ import annotations

import json
import types
import typing
from datetime import datetime, timedelta
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "azureml_emulator" / "schemas" / "bodies.json"
# The resource kinds of a path, and the model of the body that is PUT there.
BODIES = {
    "jobs": "JobBase",
    "data": "DataContainer",
    "data/versions": "DataVersionBase",
    "models": "ModelContainer",
    "models/versions": "ModelVersion",
    "environments": "EnvironmentContainer",
    "environments/versions": "EnvironmentVersion",
    "codes/versions": "CodeVersion",
    "datastores": "Datastore",
    "computes": "ComputeResource",
    "onlineEndpoints": "OnlineEndpoint",
    "onlineEndpoints/deployments": "OnlineDeployment",
}
# Of the kinds of jobs, computes and datastores only those that the emulator has; the others are not checked.
LEFT_OUT = {
    "JobBaseProperties": {"AutoML", "Labeling", "Spark", "FineTuning"},
    "Compute": {
        "AKS",
        "ComputeInstance",
        "DataFactory",
        "Databricks",
        "DataLakeAnalytics",
        "HDInsight",
        "SynapseSpark",
        "VirtualMachine",
    },
    "DatastoreProperties": {"Hdfs", "OneLake"},
}
# What the SDK sends and its models do not know: an echo of what it was answered, and a field of another api-version.
ADDED = {
    "MLTableData": {"provisioningState": "any"},
    "ModelVersionProperties": {"system_metadata": "any"},
    "UriFileDataVersion": {"provisioningState": "any"},
    "UriFolderDataVersion": {"provisioningState": "any"},
}
_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", datetime: "str", timedelta: "str", bytes: "str"}


class Table:
    """Types and enums that can be reached from the bodies."""

    def __init__(self, models: Any) -> None:
        self._models = models
        self._private = models._models
        self.types: dict[str, Any] = {}
        self.enums: dict[str, list[str]] = {}

    def add(self, name: str) -> str:
        """A model and all that it is made of."""
        if name in self.types:
            return name
        model = getattr(self._private, name)
        self.types[name] = entry = {}
        fields = _fields(model)
        entry["fields"] = {}
        hints = typing.get_type_hints(model, {**vars(self._private), "_models": self._models})
        for attribute, field in sorted(fields.items()):
            wire = field._rest_name_input or attribute
            entry["fields"][wire] = "any" if field._visibility == ["read"] else self._describe(hints[attribute])
        entry["fields"] |= ADDED.get(name, {})
        subtypes = vars(model).get("__mapping__", {})
        if subtypes:
            discriminator = next(field for field in fields.values() if field._is_discriminator)
            entry["by"] = discriminator._rest_name_input
            kept = {value: one for value, one in subtypes.items() if value not in LEFT_OUT.get(name, ())}
            entry["of"] = {str(getattr(value, "value", value)): self.add(one.__name__) for value, one in kept.items()}
        return name

    def _describe(self, hint: Any) -> str:
        required = "!"
        if typing.get_origin(hint) in (typing.Union, types.UnionType) and type(None) in typing.get_args(hint):
            hint = typing.Union[tuple(arg for arg in typing.get_args(hint) if arg is not type(None))]  # noqa: UP007
            required = ""
        return self._type(hint) + required

    def _type(self, hint: Any) -> str:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is list:
            return f"[{self._type(arguments[0])}]"
        if origin is dict:
            return f"{{{self._type(arguments[1])}}}"
        if origin in (typing.Union, types.UnionType):
            enums = [one for one in arguments if isinstance(one, type) and issubclass(one, Enum)]
            return self._enum(enums[0]) if enums else "any"
        if origin is typing.Literal:
            return "str"
        if hint in _PLAIN:
            return _PLAIN[hint]
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self._enum(hint)
        name = getattr(hint, "__name__", "")
        return self.add(name) if hasattr(self._private, name) and name[:1].isupper() and hint is not Any else "any"

    def _enum(self, enum: type[Enum]) -> str:
        self.enums[enum.__name__] = sorted(str(member.value) for member in enum)
        return enum.__name__


def _fields(model: type) -> dict[str, Any]:
    """The fields of a model and of its bases."""
    found: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        found |= {name: value for name, value in vars(base).items() if type(value).__name__ == "_RestField"}
    return found


def make() -> str:
    """The table's text."""
    from azure.ai.ml._restclient.arm_ml_service import models

    table = Table(models)
    bodies = {kinds: table.add(model) for kinds, model in BODIES.items()}
    source = json.dumps(f"azure-ai-ml {version('azure-ai-ml')}, its models of arm_ml_service")
    parts = {"bodies": bodies, "types": dict(sorted(table.types.items())), "enums": dict(sorted(table.enums.items()))}
    return "{\n" + f'"source": {source},\n' + ",\n".join(map(_lines, parts, parts.values())) + "\n}\n"


def _lines(name: str, entries: dict[str, Any]) -> str:
    """One entry a line, so that a change of the SDK is read easily."""
    lines = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in entries.items())
    return f'"{name}": {{\n{lines}\n}}'


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(make())
