"""Assets that a workspace uses out of a registry: are they there, who may name them, who may pull their image."""

from __future__ import annotations

import re
from pathlib import Path

from azureml_emulator.access import Access
from azureml_emulator.errors import not_found
from azureml_emulator.roles import REGISTRY
from azureml_emulator.routing import Call
from azureml_emulator.servers import ServerFailed
from azureml_emulator.store import Document
from azureml_emulator.world import World

_ASSET = re.compile(r"azureml://registries/([^/]+)/([a-z]+)/([^/]+)/versions/([^/]+)/?")
# Under this name `--identity` says what the endpoints' own identities may do; without it they may pull everything.
SYSTEM = "endpoints"


class RegistryReferences:
    """What stands behind `azureml://registries/…` in a deployment."""

    def __init__(self, world: World, access: Access) -> None:
        self._world = world
        self._access = access

    def check(self, call: Call, asset: str) -> bool:
        """Whether it is a registry's; then it must be there, and the caller must be allowed to read it."""
        match = _ASSET.fullmatch(asset)
        if match is None:
            return False
        registry, kind, name, version = match.groups()
        if registry not in self._world.settings.registries:
            raise not_found(f"Microsoft.MachineLearningServices/registries/{registry}")
        self._access.check(call, REGISTRY, registry, False, "registries/assets/read")
        if self._world.store.get(f"{REGISTRY}:{registry}", f"{kind}/{name}", version) is None:
            raise not_found(f"registries/{registry}/{kind}/{name}/versions/{version}")
        return True

    def pull(self, workspace: str, endpoint: str, environment: str, log: Path) -> None:
        """As a container's host would fetch the image: by the endpoint's identity, not by the caller's.

        Fails as reported for managed endpoints (MicrosoftDocs/azure-docs#107890), and leaves a container log."""
        match = _ASSET.fullmatch(environment)
        if match is None:
            return
        owner = self._world.require(workspace, "onlineEndpoints", endpoint)
        if any(self._may_pull(identity, match[1]) for identity in _identities(owner)):
            return
        image = f"{match[1]}.azurecr.io/azureml/{match[3]}:{match[4]}"
        log.write_text(_LOG.format(image=image))
        raise ServerFailed("BadArgument: Endpoint identity does not have pull permission on the registry.")

    def _may_pull(self, identity: str, registry: str) -> bool:
        if identity == SYSTEM and SYSTEM not in self._world.settings.identities:
            return True
        return self._access.may(identity, REGISTRY, registry)


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
