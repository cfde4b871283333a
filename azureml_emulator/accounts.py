"""The storage accounts: one of each workspace and each registry, and one for data, each with a key of its own.

    python -m azureml_emulator.accounts --workspace development --registry shared …

prints them as Azurite takes them in `AZURITE_ACCOUNTS`; the options are those of the emulator.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from azureml_emulator.roles import REGISTRY, WORKSPACE
from azureml_emulator.settings import Settings, read_settings

ZONE = ".blob.core.windows.net"


@dataclass(frozen=True)
class Account:
    """An account; whose it is, as kind and name, or nobody's: the one for data."""

    name: str
    key: str
    owner: tuple[str, str] | None = None

    @property
    def host(self) -> str:
        return self.name + ZONE


@dataclass(frozen=True)
class Container:
    """A container, which is one only together with its account."""

    account: str
    name: str

    def url(self, path: str = "") -> str:
        """Where it, or a path in it, lies."""
        return f"https://{self.account}{ZONE}/{self.name}" + (f"/{path.strip('/')}" if path else "")


class Accounts:
    """All that there are. Keys follow from the data account's by a hash, which leads from none to another."""

    def __init__(self, settings: Settings) -> None:
        self.data = Account(settings.account, settings.account_key)
        owners = [(WORKSPACE, name) for name in settings.workspaces]
        owners += [(REGISTRY, name) for name in settings.registries]
        owned = {owner: self._owned(*owner) for owner in owners}
        self._by_owner = owned
        self._by_name = {account.name: account for account in (self.data, *owned.values())}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_name.values())

    def of_workspace(self, name: str) -> Account:
        return self._by_owner[WORKSPACE, name]

    def of_registry(self, name: str) -> Account:
        return self._by_owner[REGISTRY, name]

    def of_scope(self, scope: str) -> Account:
        """Of a workspace, or of `registry:NAME`."""
        kind, divider, name = scope.partition(":")
        return self._by_owner[kind, name] if divider else self.of_workspace(scope)

    def get(self, name: str) -> Account | None:
        return self._by_name.get(name)

    def at(self, host: str) -> Account | None:
        """The account that a host name belongs to."""
        return self.get(host.removesuffix(ZONE)) if host.endswith(ZONE) else None

    def _owned(self, kind: str, name: str) -> Account:
        """Named as Azure wants it: at most 24 small letters and figures, and no two the same."""
        tail = hashlib.sha256(f"{self.data.name} {kind} {name}".encode()).hexdigest()[:8]
        account = re.sub("[^a-z0-9]", "", name.lower())[:16] + tail
        key = hmac.new(base64.b64decode(self.data.key), account.encode(), hashlib.sha256).digest()
        return Account(account, base64.b64encode(key).decode(), (kind, name))


def azurite_accounts(settings: Settings) -> str:
    """The value of `AZURITE_ACCOUNTS` for an Azurite behind an emulator with these settings."""
    return ";".join(f"{account.name}:{account.key}" for account in Accounts(settings))


if __name__ == "__main__":
    print(azurite_accounts(read_settings(["--state", ".", *sys.argv[1:]])))
