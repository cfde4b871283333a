"""A flow whose Prefect server is being started again waits for it, whatever client it speaks through.

Prefect's clients try a refused connection again only once they have been connected, so that a wrong address is told at
once. A flow makes new clients all the while, for each limit and artifact, and its address has worked before.
"""

from __future__ import annotations

from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient


def wait_for_prefect() -> None:
    """From now on in this process: a client's first request is tried again as its others are."""
    connected = property(lambda _: True, lambda _, __: None)
    for client in (PrefectHttpxAsyncClient, PrefectHttpxSyncClient):
        client._has_connected = connected  # type: ignore[assignment]
