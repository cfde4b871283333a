"""Workspaces and their datastores, each workspace on a storage account of its own."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from azureml_emulator.access import Access
from azureml_emulator.accounts import Account, Container
from azureml_emulator.locations import container_of
from azureml_emulator.roles import WORKSPACE as ROLE
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.sas import container_signature
from azureml_emulator.store import Document
from azureml_emulator.world import PROVIDER, World, system_data

DATASTORES = {"workspaceblobstore": "azureml-blobstore-{id}", "workspaceartifactstore": "azureml"}
# The SDK's `jobs.stream` signs the addresses of logs itself, for which it needs the account's key.
_CREDENTIALS = {"workspaceblobstore": "Sas", "workspaceartifactstore": "AccountKey"}


class Workspaces:
    """The workspaces that the settings name; made at the start, with the datastores that each has."""

    def __init__(self, world: World, access: Access) -> None:
        self._world = world
        self._access = access

    def prepare(self) -> None:
        """Datastores and containers of each workspace."""
        for workspace in self._world.settings.workspaces:
            account = self._world.accounts.of_workspace(workspace).name
            for name, container in DATASTORES.items():
                if self._world.store.get(workspace, "datastores", name) is None:
                    place = Container(account, container.format(id=workspace_guid(self._world, workspace)))
                    self._world.blobs.create_container(place)
                    self._put_datastore(workspace, name, self._default_datastore(name, place))

    def routes(self, router: Router) -> None:
        """At management.azure.com."""
        group = WORKSPACE.rpartition("/")[0]
        router.add("GET", group, self._list)
        router.add("GET", group.replace("/resourceGroups/{group}", ""), self._list)
        router.add("GET", WORKSPACE, self._get)
        router.add("GET", f"{WORKSPACE}/datastores", self._datastores)
        router.add("GET", f"{WORKSPACE}/datastores/{{name}}", self._datastore)
        router.add("PUT", f"{WORKSPACE}/datastores/{{name}}", self._create_datastore)
        router.add("DELETE", f"{WORKSPACE}/datastores/{{name}}", self._delete_datastore)
        router.add("POST", f"{WORKSPACE}/datastores/{{name}}/listSecrets", self._secrets)

    def open_routes(self, router: Router) -> None:
        """The region's own addresses, which the SDK asks for without a token."""
        router.add("GET", "/discovery", self._discovery)

    def _list(self, call: Call) -> Response:
        settings = self._world.settings
        names = [name for name in settings.workspaces if self._access.may(call.client, ROLE, name)]
        return reply({"value": [self._workspace(name) for name in names]})

    def _get(self, call: Call) -> Response:
        return reply(self._workspace(call.workspace))

    def _discovery(self, _call: Call) -> Response:
        base = f"https://{self._world.settings.data_plane}"
        return reply({name: base for name in ("api", "history", "execution", "experimentation", "mlflow", "data")})

    def _workspace(self, name: str) -> Document:
        settings = self._world.settings
        base = f"/subscriptions/{settings.subscription}/resourceGroups/{settings.resource_group}/providers"
        account = self._world.accounts.of_workspace(name).name
        properties = {
            "friendlyName": name,
            "description": "",
            "storageAccount": f"{base}/Microsoft.Storage/storageAccounts/{account}",
            "keyVault": f"{base}/Microsoft.Keyvault/vaults/{name}",
            "applicationInsights": f"{base}/Microsoft.insights/components/{name}",
            "containerRegistry": f"{base}/Microsoft.ContainerRegistry/registries/{name}",
            "hbiWorkspace": False,
            "tenantId": settings.tenant,
            "imageBuildCompute": None,
            "provisioningState": "Succeeded",
            "softDeleteEnabled": False,
            "storageHnsEnabled": False,
            "linkedModelInventoryArmId": None,
            "privateLinkCount": 0,
            "sasGetterUri": "",
            "publicNetworkAccess": "Enabled",
            "v1LegacyMode": False,
            "workspaceId": workspace_guid(self._world, name),
            "discoveryUrl": f"https://{settings.data_plane}/discovery",
            "mlFlowTrackingUri": f"azureml://{settings.data_plane}/mlflow/v1.0{settings.workspace_id(name)}",
        }
        return {
            "id": settings.workspace_id(name),
            "name": name,
            "type": f"{PROVIDER}/workspaces",
            "location": settings.region,
            "etag": None,
            "kind": "Default",
            "tags": {},
            "identity": {"type": "SystemAssigned", "principalId": settings.client, "tenantId": settings.tenant},
            "sku": {"name": "Basic", "tier": "Basic"},
            "properties": properties,
            "systemData": system_data(),
        }

    def _default_datastore(self, name: str, container: Container) -> Document:
        return {
            "datastoreType": "AzureBlob",
            "accountName": container.account,
            "containerName": container.name,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "credentials": {"credentialsType": _CREDENTIALS[name]},
            "isDefault": name == "workspaceblobstore",
            "serviceDataAccessAuthIdentity": "None",
            "tags": {},
            "properties": {},
        }

    def _put_datastore(self, workspace: str, name: str, properties: Document) -> Document:
        resource = self._world.resource(workspace, f"datastores/{name}", properties)
        self._world.store.put(workspace, "datastores", name, resource)
        return resource

    def _datastores(self, call: Call) -> Response:
        found = self._world.store.list(call.workspace, "datastores")
        if call.query.get("isDefault", "").lower() == "true":
            found = [store for store in found if store["properties"]["isDefault"]]
        return reply({"value": found})

    def _datastore(self, call: Call) -> Response:
        return reply(self._world.require(call.workspace, "datastores", call.parts["name"]))

    def _create_datastore(self, call: Call) -> Response:
        """The credentials' secrets are not kept: the emulator hands out signatures of its own."""
        properties = {"isDefault": False, **call.json().get("properties", {})}
        self._access.check_container(call.client, container_of({"properties": properties}), write=True)
        credentials = properties.get("credentials", {})
        properties["credentials"] = {key: value for key, value in credentials.items() if key != "secrets"}
        return reply(self._put_datastore(call.workspace, call.parts["name"], properties), 201)

    def _delete_datastore(self, call: Call) -> Response:
        found = self._world.store.delete(call.workspace, "datastores", call.parts["name"])
        return empty(200 if found else 204)

    def _secrets(self, call: Call) -> Response:
        store = self._world.require(call.workspace, "datastores", call.parts["name"])
        container = container_of(store)
        account = self._world.account_of(container)
        if self._hands_out_keys(store, account, call.workspace):
            return reply({"secretsType": "AccountKey", "key": account.key})
        return reply({"secretsType": "Sas", "sasToken": container_signature(account, container.name)})

    def _hands_out_keys(self, store: Document, account: Account, workspace: str) -> bool:
        """Only its own account's: the data account's key would open what other workspaces' datastores hold."""
        is_own = account == self._world.accounts.of_workspace(workspace)
        return is_own and store["properties"]["credentials"].get("credentialsType") == "AccountKey"


def workspace_guid(world: World, workspace: str) -> str:
    """The same at every start."""
    return str(uuid5(NAMESPACE_URL, world.settings.workspace_id(workspace)))
