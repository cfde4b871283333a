"""Where a token comes from; GitHub's token service is an HTTP server here that shows what it was asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from deployments.token_sources import TokenSource

AUDIENCES = {"github": "perennial"}
DECISION: Any = ("toy", 3, "e" * 64)


@pytest.fixture(name="service")
def _service() -> Iterator[str]:
    """Its URL; it answers with the audience that it was asked for, to whom bears the job's secret."""

    class Tokens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == "Bearer of-the-job"
            asked = parse_qs(urlsplit(self.path).query)
            content = json.dumps({"value": f"for {asked['audience'][0]} {asked['api-version'][0]}"}).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"
    server.shutdown()
    server.server_close()


def of_job(url: str | None, secret: str | None) -> TokenSource:
    return TokenSource(github_actions=True, github_url=url, github_secret=secret)


def test_a_job_gets_a_token_for_this_decision_alone(service: str) -> None:
    """What GitHub put into the URL stays in it."""
    token = of_job(service, "of-the-job").read(AUDIENCES, *DECISION)
    assert token == f"for perennial/toy/3/{'e' * 64} 2.0"


def test_what_gives_no_token_says_why(service: str) -> None:
    with pytest.raises(RuntimeError, match="HTTP 401"):
        of_job(service, "wrong").read(AUDIENCES, *DECISION)
    with pytest.raises(ValueError, match="id-token: write"):
        of_job(None, None).read(AUDIENCES, *DECISION)
    with pytest.raises(ValueError, match="believes no token of github"):
        of_job(service, "of-the-job").read({"entra": "api://perennial"}, *DECISION)


def test_a_file_holds_one(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a.b.c\n")
    assert TokenSource(tmp_path / "token").read({}, *DECISION) == "a.b.c"
    assert TokenSource().read({}, *DECISION) is None
    with pytest.raises(ValueError, match="Give one of"):
        TokenSource(tmp_path / "token", azure_cli=True).read({}, *DECISION)
