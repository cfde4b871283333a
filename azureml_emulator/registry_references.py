"""Assets that a workspace uses out of a registry: are they there, who may name them, who may pull their image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azureml_emulator.access import Access
from azureml_emulator.errors import not_found
from azureml_emulator.roles import REGISTRY, kinds_of
from azureml_emulator.routing import Call
from azureml_emulator.servers import ServerFailed
from azureml_emulator.store import Document
from azureml_emulator.world import World

_ASSET = re.compile(r"azureml://registries/([^/]+)/([a-z]+)/([^/]+)/versions/([^/]+)/?")
# Under this name `--identity` says what the endpoints' own identities may do; without it they may pull everything.
SYSTEM = "endpoints"
# Azure's own registry, open to all; what it holds is not known here.
_PUBLIC = "azureml"
_NAMING = (["jobs"], ["onlineendpoints", "deployments"], ["batchendpoints", "deployments"])
_WORDS = ("tags", "properties", "environmentVariables")  # of the user's, whatever they look like


class RegistryReferences:
    """What stands behind `azureml://registries/…` in a deployment."""

    def __init__(self, world: World, access: Access) -> None:
        self._world = world
        self._access = access

    def check_call(self, call: Call) -> None:
        """What a job or a deployment names must be there, and the caller must be allowed to read it."""
        kinds = [kind.lower() for kind in kinds_of(call.path)[1:]]
        if call.method == "PUT" and kinds in _NAMING:
            for match in _named(call.json().get("properties")):
                self._check(call, *match.groups())

    def _check(self, call: Call, registry: str, kind: str, name: str, version: str) -> None:
        if registry == _PUBLIC and registry not in self._world.settings.registries:
            return
        if registry not in self._world.settings.registries:
            raise not_found(f"Microsoft.MachineLearningServices/registries/{registry}")
        self._access.check(call, REGISTRY, registry, False, "registries/assets/read")
        if self._world.store.get(f"{REGISTRY}:{registry}", f"{kind}/{name}", version) is None:
            raise not_found(f"registries/{registry}/{kind}/{name}/versions/{version}")

    def pull(self, workspace: str, endpoint: str, deployment: Document, log: Path) -> None:
        """As a container's host would fetch the image: by the endpoint's identity, not by the caller's.

        Fails as reported, and leaves a container log: for managed endpoints in MicrosoftDocs/azure-docs#107890; on
        Kubernetes, which has no registries at all, in Azure/azure-sdk-for-python#33611."""
        properties = deployment["properties"]
        match = _ASSET.fullmatch(properties.get("environmentId") or "")
        if match is None or match[1] not in self._world.settings.registries:
            return
        on_kubernetes = str(properties.get("endpointComputeType")).lower() == "kubernetes"
        owner = self._world.require(workspace, "onlineEndpoints", endpoint)
        if not on_kubernetes and any(self._may_pull(identity, match[1]) for identity in _identities(owner)):
            return
        log.write_text(_LOG.format(image=f"{match[1]}.azurecr.io/azureml/{match[3]}:{match[4]}"))
        raise ServerFailed(_ON_KUBERNETES if on_kubernetes else _MANAGED)

    def _may_pull(self, identity: str, registry: str) -> bool:
        if identity == SYSTEM and SYSTEM not in self._world.settings.identities:
            return True
        return self._access.may(identity, REGISTRY, registry)


_MANAGED = "BadArgument: Endpoint identity does not have pull permission on the registry."
_ON_KUBERNETES = (
    "DeploymentIdentityError: Failed to create Kubernetes deployment identity, Reason:ACRTokenExchangeForbidden"
    " Details:Cluster exchange ACR token failed because AAD token is unauthorized."
)
_LOG = """Instance status:
SystemSetup: Succeeded
UserContainerImagePull: Failed
ModelDownload: Waiting
UserContainerStart: Waiting

Container events:
Kind: Pod, Name: Pulling, Type: Normal, Message: Start pulling container image
Kind: Pod, Name: ImagePullFailed, Type: Warning, Message: Image pull failed: {image}: unauthorized
"""


def _identities(endpoint: Document) -> list[str]:
    """The user-assigned ones by the last part of their resource id, else the endpoint's own."""
    assigned = endpoint["identity"].get("userAssignedIdentities") or {}
    return [identity.rpartition("/")[2] for identity in assigned] or [SYSTEM]


def _named(value: Any) -> Iterator[re.Match[str]]:
    """The assets of registries that a body names."""
    if isinstance(value, str):
        match = _ASSET.fullmatch(value)
        if match is not None:
            yield match
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from () if key in _WORDS else _named(one)
