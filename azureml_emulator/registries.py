"""Registries: where they are, what they are, and the containers in which each keeps its own copies."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

from starlette.responses import Response

from azureml_emulator.access import Access
from azureml_emulator.accounts import Container
from azureml_emulator.errors import ServiceError
from azureml_emulator.roles import REGISTRY as ROLE
from azureml_emulator.routing import REGISTRY, Call, Router, reply
from azureml_emulator.sas import container_signature
from azureml_emulator.store import Document
from azureml_emulator.world import PROVIDER, World, system_data

_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{PROVIDER}/registries"


class Registries:
    """The registries that the settings name. Each version of an asset has a container of its own."""

    def __init__(self, world: World, access: Access) -> None:
        self._world = world
        self._access = access

    def routes(self, router: Router) -> None:
        router.add("GET", "/registrymanagement/v1.0/registries/{registry}/discovery", self._discovery)
        router.add("GET", f"{_GROUP}/{{registry}}", lambda call: reply(self._registry(call.parts["registry"])))
        router.add("GET", _GROUP, self._list)
        router.add("GET", _GROUP.replace("/resourceGroups/{group}", ""), self._list)
        versions = "{name}/versions/{version}"
        router.add("PUT", f"{REGISTRY}/tempdatarefs/{versions}", self._place_to_write)
        router.add("POST", f"{REGISTRY}/datarefs/{versions}", self._place_to_read)

    def new_container(self, scope: str) -> Container:
        """An empty one in the registry's account."""
        account = self._world.accounts.of_scope(scope)
        made = Container(account.name, f"{scope.partition(':')[2][:20].lower()}-{uuid4().hex}")
        self._world.blobs.create_container(made)
        return made

    def _list(self, call: Call) -> Response:
        settings = self._world.settings
        there = [name for name, owner in settings.registries.items() if owner == call.parts["subscription"]]
        return reply({"value": [self._registry(name) for name in there if self._access.may(call.client, ROLE, name)]})

    def _discovery(self, call: Call) -> Response:
        settings, name = self._world.settings, call.parts["registry"]
        return reply(
            {
                "registryName": name,
                "tenantId": settings.tenant,
                "primaryRegion": settings.region,
                "regions": [settings.region],
                "subscriptionId": settings.registries[name],
                "resourceGroup": settings.resource_group,
                "primaryRegionResourceProviderUri": f"https://{settings.data_plane}/",
            }
        )

    def _registry(self, name: str) -> Document:
        settings = self._world.settings
        managed = f"/subscriptions/{settings.registries[name]}/resourceGroups/azureml-rg-{name}"
        base = f"https://{settings.data_plane}/registrymanagement/v1.0/registries/{name}"
        properties = {
            "publicNetworkAccess": "Enabled",
            "discoveryUrl": f"{base}/discovery",
            "mlFlowRegistryUri": f"azureml://{settings.data_plane}/mlflow/v1.0{settings.registry_id(name)}",
            "managedResourceGroup": {"resourceId": managed},
            "managedResourceGroupTags": {},
            "intellectualPropertyPublisher": None,
            "regionDetails": [self._region(name, managed)],
        }
        return {
            "id": settings.registry_id(name),
            "name": name,
            "type": f"{PROVIDER}/registries",
            "location": settings.region,
            "tags": {},
            "identity": {
                "type": "SystemAssigned",
                "principalId": str(uuid5(NAMESPACE_URL, settings.registry_id(name))),
                "tenantId": settings.tenant,
            },
            "properties": properties,
            "systemData": system_data(),
        }

    def _region(self, name: str, managed: str) -> Document:
        """What the service itself makes for a registry in its region."""
        account, providers = self._world.accounts.of_registry(name).name, f"{managed}/providers"
        storage = {
            "storageAccountName": account,
            "storageAccountType": "standard_lrs",
            "storageAccountHnsEnabled": False,
            "armResourceId": {"resourceId": f"{providers}/Microsoft.Storage/storageAccounts/{account}"},
        }
        images = {
            "acrAccountName": account,
            "acrAccountSku": "Premium",
            "armResourceId": {"resourceId": f"{providers}/Microsoft.ContainerRegistry/registries/{account}"},
        }
        return {
            "location": self._world.settings.region,
            "storageAccountDetails": [_made_by_the_service("StorageAccount", storage)],
            "acrDetails": [_made_by_the_service("AcrAccount", images)],
        }

    def _place_to_write(self, call: Call) -> Response:
        """A container for a version's content; a 409 for a version that is there, which the SDK takes for a yes."""
        kind = call.json().get("assetId", "").split("/")[-4:-3]
        name, version = call.parts["name"], call.parts["version"]
        if kind and self._world.store.get(call.scope, f"{kind[0]}/{name}", version) is not None:
            raise ServiceError(409, "Conflict", f"The asset {kind[0]}/{name}/versions/{version} already exists.")
        return reply(self._reference(self.new_container(call.scope), write=True))

    def _place_to_read(self, call: Call) -> Response:
        uri = urlsplit(call.json().get("blobUri", ""))
        account, container = self._world.accounts.of_scope(call.scope), uri.path.lstrip("/").partition("/")[0]
        if uri.hostname != account.host or not container:
            raise ServiceError(400, "UserError", f"The URI {uri.geturl()!r} is not one of the registry's.")
        return reply(self._reference(Container(account.name, container), write=False))

    def _reference(self, container: Container, write: bool) -> Document:
        uri = container.url()
        signature = container_signature(self._world.account_of(container), container.name, write)
        credential = {"credentialType": "SAS", "sasUri": f"{uri}?{signature}"}
        return {
            "blobReferenceForConsumption": {"blobUri": uri, "storageAccountArmId": "", "credential": credential},
            "temporaryDataReferenceType": "TemporaryBlobReference",
        }


def _made_by_the_service(what: str, described: Document) -> Document:
    """One of the ways in which a registry can come by an account; the others are null."""
    ways = {f"{way}{what}": None for way in ("existing", "new", "userCreated")}
    return {**ways, f"systemCreated{what}": described}
