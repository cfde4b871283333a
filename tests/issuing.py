"""An issuer of tokens for the tests: a key made here, its public half served over HTTP as Entra and GitHub do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from platforms.approval_settings import ApprovalSettings, EntraTokens, GithubTokens

TENANT = "11111111-2222-3333-4444-555555555555"
ADA = "aaaaaaaa-0000-0000-0000-000000000001"
BOB = "bbbbbbbb-0000-0000-0000-000000000003"
EVE = "eeeeeeee-0000-0000-0000-000000000002"
AUDIENCE = "api://perennial"
GITHUB = "https://token.actions.githubusercontent.com"
KEY_ID = "of-the-tests"


@dataclass
class Issuer:
    """Signs, and serves its key set at `url`, counting how often it was fetched."""

    url: str = ""
    fetched: list[str] = field(default_factory=list)

    @cached_property
    def key(self) -> RSAPrivateKey:
        return generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_pem(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, form)

    @property
    def key_set(self) -> dict[str, Any]:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**jwk, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def settings(self) -> ApprovalSettings:
        """Of an environment that asks for identity, and believes this issuer."""
        return ApprovalSettings(
            entra=EntraTokens(tenant=TENANT, audience=AUDIENCE, jwks=self.url),
            github=GithubTokens(audience="perennial", jwks=self.url),
        )

    @property
    def environment(self) -> dict[str, str]:
        """The same as variables of a process."""
        prefix = "PERENNIAL_APPROVAL__ENTRA__"
        return {f"{prefix}TENANT": TENANT, f"{prefix}AUDIENCE": AUDIENCE, f"{prefix}JWKS": self.url}

    def entra(self, oid: str = ADA, **other: Any) -> str:
        """A token of Entra's for the person; a claim that is None is left out."""
        issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
        return self.signed({"iss": issuer, "aud": AUDIENCE, "oid": oid, "tid": TENANT, "name": "Ada", **other})

    def github(self, audience: str, **other: Any) -> str:
        """A token of GitHub's for a job that runs in the environment production of octo/models."""
        claims = {"repository": "octo/models", "environment": "production", "run_id": "7", "actor": "eve"}
        return self.signed({"iss": GITHUB, "aud": audience, **claims, **other})

    def signed(self, claims: dict[str, Any], key: Any = None, algorithm: str = "RS256") -> str:
        now = datetime.now(UTC)
        whole = {"iat": now, "nbf": now, "exp": now + timedelta(minutes=10), **claims}
        kept = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(kept, key or self.key, algorithm=algorithm, headers={"kid": KEY_ID})


@contextmanager
def issuing() -> Iterator[Issuer]:
    """A running one, on loopback."""
    issuer = Issuer()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetched.append(self.path)
            content = b"<html>" if self.path == "/html" else json.dumps(issuer.key_set).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    issuer.url = f"http://127.0.0.1:{server.server_port}/keys"
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
