"""Who may reach what: workspaces, registries, and the containers that belong to them."""

from __future__ import annotations

from azureml_emulator.accounts import Accounts, Container
from azureml_emulator.errors import ServiceError, not_found
from azureml_emulator.roles import CONTAINER, REGISTRY, WORKSPACE, Grant, action_of, allows, read_grant
from azureml_emulator.routing import Call
from azureml_emulator.settings import Settings
from azureml_emulator.store import Store
from azureml_emulator.world import PROVIDER

# POSTs that change nothing: questions that do not fit into a query.
_QUESTIONS = ("rundata", "batchgetresolveduris", "search", "get-by-name", "query", "datarefs")


class Access:
    """The first identity reaches everything; every other what it was granted."""

    def __init__(self, settings: Settings, store: Store, accounts: Accounts) -> None:
        self._settings = settings
        self._accounts = accounts
        self._store = store
        self._grants = {
            client: tuple(read_grant(text) for text in texts) for client, texts in settings.identities.items()
        }

    def grants(self, client: str) -> tuple[Grant, ...]:
        """What an identity has."""
        if client != self._settings.client:
            return self._grants.get(client, ())
        workspaces = [Grant(WORKSPACE, name) for name in self._settings.workspaces]
        return (*workspaces, *(Grant(REGISTRY, name) for name in self._settings.registries))

    def may(self, client: str, kind: str, name: str, write: bool = False) -> bool:
        return client == self._settings.client or allows(self.grants(client), kind, name, write)

    def check_call(self, call: Call) -> None:
        """The workspace or registry that a path names is there, and the caller has a role on it."""
        if "workspace" in call.parts:
            self._check_place(call, "workspaces", call.workspace)
            self.check(call, WORKSPACE, call.workspace, _writes(call))
        elif "registry" in call.parts:
            self._check_place(call, "registries", call.parts["registry"])
            self.check(call, REGISTRY, call.parts["registry"], _writes(call))

    def check(self, call: Call, kind: str, name: str, write: bool, action: str = "") -> None:
        """The service's 403 for who has no such role; `action` where it is another than the call's own."""
        if not self.may(call.client, kind, name, write):
            raise self._refusal(call.client, kind, name, action or action_of(call.method, call.path))

    def check_container(self, client: str, container: Container, write: bool) -> None:
        """The blob service's 403. Of the data account, what no datastore and no grant names is everyone's."""
        owners = self._owners(container)
        if client == self._settings.client or not owners:
            return
        if not any(self.may(client, kind, name, write) for kind, name in owners):
            message = "This request is not authorized to perform this operation using this permission."
            raise ServiceError(403, "AuthorizationPermissionMismatch", message)

    def _owners(self, place: Container) -> set[tuple[str, str]]:
        """Whose role opens a container; of the data account's, the grants that name it open it as well."""
        account, container = self._accounts.get(place.account), place.name
        if account is not None and account.owner is not None:
            return {account.owner}
        owners = {
            (WORKSPACE, workspace)
            for workspace in self._settings.workspaces
            for datastore in self._store.list(workspace, "datastores")
            if datastore["properties"].get("containerName") == container
            and datastore["properties"].get("accountName") == place.account
        }
        named = {grant.name for grants in self._grants.values() for grant in grants if grant.kind == CONTAINER}
        if owners or container in named:
            owners.add((CONTAINER, container))
        return owners

    def _check_place(self, call: Call, kind: str, name: str) -> None:
        settings, parts = self._settings, call.parts
        known = settings.workspaces if kind == "workspaces" else settings.registries
        subscription = settings.registries.get(name) if kind == "registries" else settings.subscription
        asked = (parts.get("subscription", subscription), parts.get("group", settings.resource_group).lower())
        if asked[0] != subscription and kind == "workspaces":
            raise ServiceError(404, "ResourceGroupNotFound", f"Resource group '{parts['group']}' could not be found.")
        if name not in known or asked != (subscription, settings.resource_group.lower()):
            raise not_found(f"Microsoft.MachineLearningServices/{kind}/{name}")

    def _refusal(self, client: str, kind: str, name: str, action: str) -> ServiceError:
        settings = self._settings
        scope = settings.workspace_id(name) if kind == WORKSPACE else settings.registry_id(name)
        message = (
            f"The client '{client}' with object id '{client}' does not have authorization to perform action"
            f" '{PROVIDER}/{action}' over scope '{scope}' or the scope is invalid."
            " If access was recently granted, please refresh your credentials."
        )
        return ServiceError(403, "AuthorizationFailed", message)


def _writes(call: Call) -> bool:
    if call.method == "POST":
        return not any(segment.lower() in _QUESTIONS for segment in call.path.split("/"))
    return call.method not in ("GET", "HEAD")
