"""An endpoint that does not answer says nothing of the model behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from platforms.ports import OnlineEndpoints, Unavailable
from tasks.endpoints import client_for


class _Keys:
    def key(self, endpoint: str) -> str:  # noqa: ARG002
        return "secret-key"


@pytest.fixture(name="answering")
def _answering() -> Iterator[Any]:
    """A server on loopback that answers the path's number as its status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(self.path.strip("/")))
            self.end_headers()
            self.wfile.write(b"no slot")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_that_answers_in_the_slots_stead(answering: str, status: int) -> None:
    client = client_for(cast("OnlineEndpoints", _Keys()), "toy", "blue")
    with client, pytest.raises(Unavailable, match=f"HTTP {status}: no slot") as error:
        client.get(f"{answering}/{status}")
    assert "secret-key" not in str(error.value)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_what_the_model_answers_is_judged(answering: str, status: int) -> None:
    with client_for(cast("OnlineEndpoints", _Keys()), "toy", "blue") as client:
        assert client.get(f"{answering}/{status}").status_code == status
