"""What the service writes into a resource where the client said nothing: so Microsoft's recordings of it show.

By kinds of the resource's path; `*` stands for every member of a map. Where a resource has several types, what only
one of them has stands under `KINDS TYPE`.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from azureml_emulator.shapes import variant_of
from azureml_emulator.store import Document

_ASSET: Document = {"description": None, "tags": {}, "properties": {}, "isArchived": False, "isAnonymous": False}
_SERVICE: Document = {"port": None, "status": None, "errorMessage": None, "properties": None, "nodes": None}
_PUT: Document = {"description": None, "assetName": None, "assetVersion": None, "mode": "ReadWriteMount"}
_PROBE: Document = {
    "failureThreshold": 30,
    "successThreshold": 1,
    "timeout": "PT2S",
    "period": "PT10S",
    "initialDelay": "PT10S",
}
_BLANKS: dict[str, Document] = {
    "datastores": {
        "description": None,
        "tags": {},
        "properties": {},
        "serviceDataAccessAuthIdentity": "None",
    },
    "data/versions": _ASSET,
    "codes/versions": _ASSET,
    "models/versions": {**_ASSET, "flavors": {}, "jobName": None},
    "environments/versions": {**_ASSET, "environmentType": "UserCreated", "osType": "Linux"},
    "components/versions": _ASSET,
    "computes": {
        "description": None,
        "disableLocalAuth": False,
        "resourceId": None,
        "isAttachedCompute": False,
    },
    "computes AmlCompute": {
        "properties": {
            "subnet": None,
            "errors": None,
            "remoteLoginPortPublicAccess": "NotSpecified",
            "osType": "Linux",
            "virtualMachineImage": None,
            "isolatedNetwork": False,
            "enableNodePublicIp": True,
            "propertyBag": {},
        }
    },
    "jobs": {
        "description": None,
        "isArchived": False,
        "identity": None,
        "componentId": None,
        "notificationSetting": None,
        "queueSettings": None,
        "services": {"*": _SERVICE},
        "outputs": {"*": _PUT},
        "inputs": {"*": {"description": None}},
    },
    "jobs Command": {
        "codeId": None,
        "distribution": None,
        "autologgerSettings": None,
        "limits": None,
        "environmentVariables": {},
        "parameters": {},
        "resources": {
            "instanceCount": 1,
            "instanceType": None,
            "locations": None,
            "properties": None,
            "shmSize": "2g",
            "dockerArgs": None,
        },
    },
    "jobs Sweep": {
        "earlyTermination": None,
        "samplingAlgorithm": {"seed": None, "logbase": None, "rule": "Random"},
        "limits": {"trialTimeout": None},
        "trial": {"distribution": None, "environmentVariables": {}},
    },
    "onlineEndpoints": {"description": None, "compute": None},
    "onlineEndpoints/deployments": {
        "description": None,
        "modelMountPath": None,
        "appInsightsEnabled": False,
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
    },
    "onlineEndpoints/deployments Managed": {
        "egressPublicNetworkAccess": "Enabled",
        "privateNetworkConnection": False,
    },
    "batchEndpoints": {"description": None, "defaults": {"deploymentName": None}},
    "batchEndpoints/deployments": {"description": None, "properties": {}, "environmentVariables": {}},
    "schedules": {"description": None, "displayName": None},
}


def filled(kinds: str, properties: Document) -> Document:
    """A resource's properties, with what the service adds; what was said stays as it is."""
    whole = _filled(_BLANKS.get(kinds, {}), properties)
    return _filled(_BLANKS.get(f"{kinds} {variant_of({'properties': properties})}", {}), whole)


def _filled(blank: Any, given: Any) -> Any:
    if not isinstance(blank, dict) or not isinstance(given, dict):
        return given
    if "*" in blank:
        return {name: _filled(blank["*"], member) for name, member in given.items()}
    missing = {name: deepcopy(value) for name, value in blank.items() if name not in given and not _is_map(value)}
    return {**{name: _filled(blank.get(name), member) for name, member in given.items()}, **missing}


def _is_map(blank: Any) -> bool:
    return isinstance(blank, dict) and "*" in blank
