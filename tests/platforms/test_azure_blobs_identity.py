"""An account without keys: DefaultAzureCredential, a token endpoint as Azure's hosts have it, Azurite over TLS."""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from azure.storage.blob import ContainerClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from deployments.azurite.install import NoNode, require_node
from deployments.azurite.server import Azurite, running_azurite
from platforms.azure.blobs import AzureBlobStore
from platforms.ports import Refused
from tests.conftest import AZURITE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()),
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def tls_azurite(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    try:
        require_node()
    except NoNode as reason:
        pytest.skip(str(reason))
    with running_azurite(AZURITE, tmp_path_factory.mktemp("azurite-tls"), certificate) as running:
        yield running


@pytest.fixture
def token_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What App Service and Azure ML give a process to ask for tokens; what is in the dictionary goes into them."""
    claims: dict[str, Any] = {"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/tenant/"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = int(time.time())
            token = jwt.encode({**claims, "iat": now - 60, "nbf": now - 60, "exp": now + 3600}, "k" * 32)
            answer = {"access_token": token, "expires_on": str(now + 3600), "token_type": "Bearer", "resource": "x"}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_TOKEN_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "secret")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield claims
        server.shutdown()


def test_an_account_without_keys_is_reached_by_identity(
    tls_azurite: Azurite, certificate: tuple[Path, Path], token_endpoint: dict[str, Any]
) -> None:
    trust: dict[str, Any] = {"connection_verify": str(certificate[0])}
    container = f"test-{uuid4().hex}"
    ContainerClient.from_connection_string(tls_azurite.connection_string, container, **trust).create_container()
    blobs = AzureBlobStore.connect(SecretStr(tls_azurite.account_url), container, **trust)
    blobs.write("a/b", bytes(9 * 1024 * 1024))
    assert blobs.read("a/b") == bytes(9 * 1024 * 1024)

    token_endpoint["aud"] = "https://somewhere.else"
    strangers = AzureBlobStore.connect(SecretStr(tls_azurite.account_url), container, **trust)
    with pytest.raises(Refused, match=f"read of blob a/b in container {container} failed: 403 .*audience") as error:
        strangers.read("a/b")
    assert "eyJ" not in str(error.value)


def test_no_identity_is_refused_with_the_credentials_that_were_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)
    blobs = AzureBlobStore.connect(SecretStr("https://127.0.0.1:1/account"), "container")
    with pytest.raises(Refused, match=r"read of blob a in container container failed: .*EnvironmentCredential"):
        blobs.read("a")
