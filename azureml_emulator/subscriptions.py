"""What lies around workspaces: the subscription, its group, its resource providers, and the caller's roles."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from azureml_emulator.access import Access
from azureml_emulator.errors import ServiceError
from azureml_emulator.roles import CONTAINER, REGISTRY, WORKSPACE
from azureml_emulator.routing import Call, Router, reply
from azureml_emulator.store import Document
from azureml_emulator.world import World

_SUBSCRIPTION = "/subscriptions/{subscription}"
_AUTHORIZATION = "/{scope*}/providers/Microsoft.Authorization"
# The well-known ids of built-in roles, and what each may do.
_ROLES: dict[str, tuple[str, Document]] = {
    "Owner": ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", {"actions": ["*"]}),
    "Contributor": (
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"]},
    ),
    "Reader": ("acdd72a7-3385-48ef-bd42-f606fba81ae7", {"actions": ["*/read"]}),
    "Storage Blob Data Contributor": (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        {
            "dataActions": [
                f"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{x}" for x in ("read", "write")
            ]
        },
    ),
    "Storage Blob Data Reader": (
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        {"dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]},
    ),
}


class Subscriptions:
    """Roles are derived from the grants of `--identity`; they cannot be changed by a call."""

    def __init__(self, world: World, access: Access) -> None:
        self._world = world
        self._access = access

    def routes(self, router: Router) -> None:
        router.add("GET", _SUBSCRIPTION, self._get)
        router.add("GET", f"{_SUBSCRIPTION}/resourcegroups/{{group}}", self._group)
        router.add("GET", f"{_SUBSCRIPTION}/providers/{{namespace}}", self._provider)
        router.add("POST", f"{_SUBSCRIPTION}/providers/{{namespace}}/register", self._register)
        router.add("GET", f"{_AUTHORIZATION}/permissions", self._permissions)
        router.add("GET", f"{_AUTHORIZATION}/roleAssignments", self._assignments)

    def _check(self, call: Call) -> str:
        """The subscription, if it is one of ours."""
        known = {self._world.settings.subscription, *self._world.settings.registries.values()}
        asked = call.parts["subscription"]
        if asked not in known:
            raise ServiceError(404, "SubscriptionNotFound", f"The subscription '{asked}' could not be found.")
        return asked

    def _get(self, call: Call) -> Response:
        name, tenant = self._check(call), self._world.settings.tenant
        described = {"subscriptionId": name, "displayName": "emulated", "state": "Enabled", "tenantId": tenant}
        return reply({"id": f"/subscriptions/{name}", **described})

    def _group(self, call: Call) -> Response:
        subscription, name = self._check(call), call.parts["group"]
        if name.lower() != self._world.settings.resource_group.lower():
            raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
        described = {"name": name, "location": self._world.settings.region, "tags": {}}
        properties = {"provisioningState": "Succeeded"}
        return reply(
            {"id": f"/subscriptions/{subscription}/resourceGroups/{name}", **described, "properties": properties}
        )

    def _provider(self, call: Call) -> Response:
        """Registered, unless `--unregistered` names it and nobody has registered it since."""
        subscription, namespace = self._check(call), call.parts["namespace"]
        unregistered = {name.lower() for name in self._world.settings.unregistered}
        since = self._world.store.get(subscription, "providers", namespace.lower())
        state = "NotRegistered" if namespace.lower() in unregistered and since is None else "Registered"
        identifier = f"/subscriptions/{subscription}/providers/{namespace}"
        described = {"registrationState": state, "registrationPolicy": "RegistrationRequired", "resourceTypes": []}
        return reply({"id": identifier, "namespace": namespace, **described})

    def _register(self, call: Call) -> Response:
        self._world.store.put(self._check(call), "providers", call.parts["namespace"].lower(), {})
        return self._provider(call)

    def _permissions(self, call: Call) -> Response:
        nothing: Document = {"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}
        scope = "/" + call.parts["scope"].strip("/")
        return reply({"value": [nothing | _ROLES[role][1] for role, _ in self._roles(call.client, scope)]})

    def _assignments(self, call: Call) -> Response:
        """The caller's own; with `atScope()` those that hold at the scope, else also those below it."""
        scope, below = "/" + call.parts["scope"].strip("/"), "atScope()" not in call.query.get("$filter", "")
        found = self._roles(call.client, scope, below)
        return reply({"value": [self._assignment(call.client, role, where) for role, where in found]})

    def _assignment(self, client: str, role: str, scope: str) -> Document:
        base = "providers/Microsoft.Authorization"
        name = str(uuid5(NAMESPACE_URL, f"{client} {role} {scope}"))
        definition = f"/subscriptions/{self._world.settings.subscription}/{base}/roleDefinitions/{_ROLES[role][0]}"
        properties = {"principalId": client, "principalType": "ServicePrincipal", "scope": scope}
        return {
            "id": f"{scope}/{base}/roleAssignments/{name}",
            "name": name,
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {**properties, "roleDefinitionId": definition},
        }

    def _roles(self, client: str, scope: str, below: bool = False) -> list[tuple[str, str]]:
        """Roles and where each was given, that hold at a scope."""
        held = []
        for role, where in self._held(client):
            inherited = (scope + "/").lower().startswith(where.lower() + "/")
            if inherited or (below and (where + "/").lower().startswith(scope.lower() + "/")):
                held.append((role, where))
        return held

    def _held(self, client: str) -> list[tuple[str, str]]:
        settings = self._world.settings
        if client == settings.client:
            subscriptions = {settings.subscription: None, **dict.fromkeys(settings.registries.values())}
            return [("Owner", f"/subscriptions/{name}") for name in subscriptions]
        group = f"/subscriptions/{settings.subscription}/resourceGroups/{settings.resource_group}/providers"
        container = f"{group}/Microsoft.Storage/storageAccounts/{settings.account}/blobServices/default/containers"
        places = {
            WORKSPACE: settings.workspace_id,
            REGISTRY: lambda name: settings.registry_id(name) if name in settings.registries else "/nowhere",
            CONTAINER: lambda name: f"{container}/{name}",
        }
        held = []
        for grant in self._access.grants(client):
            prefix = "Storage Blob Data " if grant.kind == CONTAINER else ""
            held.append((prefix + ("Contributor" if grant.writes else "Reader"), places[grant.kind](grant.name)))
        return held
