"""How a container is reached: by connection string, SAS or identity, with the retries and sizes that suit us."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import ContainerClient, ExponentialRetry
from pydantic import SecretStr

AT_ONCE = 8  # requests under way at a time, in one call
RANGE = 6 * 1024 * 1024  # bytes of one request; memory in use is up to twice this for each request under way


class BriefRetry(ExponentialRetry):
    """About 1, 2 and 4 seconds. The SDK's own waits 15 seconds before its first retry."""

    def __init__(self) -> None:
        super().__init__(retry_total=3, retry_connect=2)

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        """Seconds before the next try, spread so that not all clients come back at once."""
        longest: float = 2.0 ** (settings["count"] - 1)
        return random.uniform(longest / 2, longest)  # noqa: S311 (no secret hangs on it)

    def increment(self, settings: dict[str, Any], request: Any, response: Any = None, error: Any = None) -> bool:
        """Whether to try again: not where there is no identity, which azure-identity has tried often enough."""
        if isinstance(error, ClientAuthenticationError):
            return False
        return super().increment(settings, request, response, error)


def container_client(address: SecretStr, container: str, identity: Any = None, **options: Any) -> ContainerClient:
    """The container at that address, which is one of three. Nothing is asked of the service yet.

    - a connection string of the account
    - a URL with a SAS, of the account or of this container
    - a plain https URL of the account, and an identity (none: the one that DefaultAzureCredential finds): no keys
    """
    options = {**_OPTIONS, "retry_policy": BriefRetry(), **options}
    words = address.get_secret_value().strip()
    if not words.startswith(("http://", "https://")):
        return ContainerClient.from_connection_string(words, container, **options)
    url = urlsplit(words)
    path = url.path.rstrip("/")
    if path.rpartition("/")[2] != container:
        path = f"{path}/{container}"
    if not url.query:
        if url.scheme != "https":
            raise ValueError(f"{url.hostname}: without a SAS in the address, identity is used, and that needs https.")
        options["credential"] = identity or _identity()
    return ContainerClient.from_container_url(url._replace(path=path, fragment="").geturl(), **options)


_OPTIONS: dict[str, Any] = {
    "max_single_get_size": RANGE,
    "max_chunk_get_size": RANGE,
    "connection_data_block_size": 1024 * 1024,  # the transport's default of 4 KB spends its time in Python
    "connection_timeout": 10,
    "read_timeout": 60,
}


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
