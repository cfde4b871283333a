"""A flow outlives the start of its Prefect server, with a client that was never connected before."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from flows.patience import wait_for_prefect


class Starting:
    """A server that refuses the first connection."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={})


@pytest.fixture(name="client")
def _client(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrefectHttpxSyncClient]:
    for kind in (PrefectHttpxAsyncClient, PrefectHttpxSyncClient):
        monkeypatch.setattr(kind, "_has_connected", None, raising=False)  # undone at the end
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
        yield PrefectHttpxSyncClient(
            transport=httpx.MockTransport(Starting()), base_url="http://prefect", enable_csrf_support=False
        )


def test_a_first_request_is_tried_again(client: PrefectHttpxSyncClient) -> None:
    with pytest.raises(httpx.ConnectError):
        client.get("/one")
    client._transport = httpx.MockTransport(Starting())
    wait_for_prefect()
    assert client.get("/one").status_code == 200
