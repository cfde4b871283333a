"""Tokens, real and forged, signed by keys made here: what proves who somebody is, and what does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from lifecycle.approval import token_audience
from platforms.approval_settings import ApprovalSettings, EntraTokens
from platforms.tokens import NotVerified, Verified, verify
from tests.issuing import ADA, AUDIENCE, EVE, TENANT, Issuer, issuing

NOW = datetime.now(UTC)
EVIDENCE = "e" * 64


@pytest.fixture(scope="module", name="issuer")
def _issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def shown(issuer: Issuer, token: str, version: int = 3, evidence: str = EVIDENCE) -> Verified:
    return verify(token, issuer.settings(), "toy", version, evidence)


def refusal(issuer: Issuer, token: str, **about: Any) -> str:
    with pytest.raises(NotVerified) as refused:
        shown(issuer, token, **about)
    assert token.rpartition(".")[0] not in str(refused.value), "a refusal quotes no token"
    return str(refused.value)


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_entra_says_who_it_is(issuer: Issuer) -> None:
    identity = shown(issuer, issuer.entra(ADA.upper())).identity
    assert (identity.subject, identity.verified, identity.told) == (f"entra:{ADA}", True, f"entra:{ADA} (Ada)")
    older = issuer.entra(iss=f"https://sts.windows.net/{TENANT}/")
    assert shown(issuer, older).identity.subject == f"entra:{ADA}"


def test_github_says_which_environment_let_it_in(issuer: Issuer) -> None:
    token = issuer.github(token_audience("perennial", "toy", 3, EVIDENCE))
    identity = shown(issuer, token).identity
    assert identity.subject == "github:octo/models:production"
    assert "started by eve" in identity.told


def test_keys_are_fetched_once_for_several_tokens(issuer: Issuer) -> None:
    shown(issuer, issuer.entra(ADA))
    before = len(issuer.fetched)
    shown(issuer, issuer.entra(EVE))
    assert len(issuer.fetched) == before


def test_one_token_has_one_fingerprint(issuer: Issuer) -> None:
    token = issuer.entra(jti="1")
    assert shown(issuer, token).fingerprint == shown(issuer, token).fingerprint
    assert shown(issuer, token).fingerprint != shown(issuer, issuer.entra(jti="2")).fingerprint


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "api://other"}, "Audience"),
        ({"aud": [AUDIENCE, "api://other"]}, "strict"),
        ({"aud": None}, "aud"),
        ({"iss": "https://login.microsoftonline.com/common/v2.0"}, "no issuer that counts"),
        ({"iss": None}, "no issuer that counts"),
        ({"exp": NOW - timedelta(hours=1)}, "expired"),
        ({"exp": None}, "exp"),
        ({"nbf": NOW + timedelta(hours=1)}, "not yet valid"),
        ({"tid": "99999999-2222-3333-4444-555555555555"}, "another tenant"),
        ({"oid": None}, "oid"),
    ],
)
def test_a_token_of_other_claims_proves_nothing(issuer: Issuer, claims: dict[str, Any], why: str) -> None:
    assert why in refusal(issuer, issuer.entra(**claims))


def test_another_key_proves_nothing(issuer: Issuer) -> None:
    forged = Issuer(url=issuer.url).entra()
    assert "Signature verification failed" in refusal(issuer, forged)


def test_an_unknown_key_proves_nothing(issuer: Issuer) -> None:
    other = generate_private_key(public_exponent=65537, key_size=2048)
    head, body, _ = issuer.entra().split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    assert header["kid"]
    head = b64(json.dumps({**header, "kid": "unheard-of"}).encode())
    assert other
    assert "signing key" in refusal(issuer, f"{head}.{body}.{b64(b'signature')}")


def test_no_signature_proves_nothing(issuer: Issuer) -> None:
    body = issuer.entra().split(".")[1]
    for algorithm in ("none", "None", "nOnE"):
        head = b64(json.dumps({"alg": algorithm, "typ": "JWT", "kid": "of-the-tests"}).encode())
        assert "alg value is not allowed" in refusal(issuer, f"{head}.{body}.")


def test_the_public_key_is_no_shared_secret(issuer: Issuer) -> None:
    """HS256 under the bytes of the public key, which anybody has (RFC 8725, 2.1)."""
    body = issuer.entra().split(".")[1]
    head = b64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "of-the-tests"}).encode())
    signature = hmac.new(issuer.public_pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert "alg value is not allowed" in refusal(issuer, f"{head}.{body}.{b64(signature)}")


def test_a_changed_body_proves_nothing(issuer: Issuer) -> None:
    head, body, signature = issuer.entra(EVE).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert "Signature" in refusal(issuer, f"{head}.{b64(json.dumps({**claims, 'oid': ADA}).encode())}.{signature}")


@pytest.mark.parametrize("about", [{"version": 4}, {"evidence": "f" * 64}])
def test_githubs_token_is_for_one_decision(issuer: Issuer, about: dict[str, Any]) -> None:
    token = issuer.github(token_audience("perennial", "toy", 3, EVIDENCE))
    assert "Audience" in refusal(issuer, token, **about)


def test_a_job_that_no_environment_let_in_proves_nothing(issuer: Issuer) -> None:
    token = issuer.github(token_audience("perennial", "toy", 3, EVIDENCE), environment=None)
    assert "environment" in refusal(issuer, token)


@pytest.mark.parametrize("nonsense", ["", "Ada", "a.b.c", "x" * 5000])
def test_nonsense_proves_nothing(issuer: Issuer, nonsense: str) -> None:
    with pytest.raises(NotVerified, match="proves nothing"):
        shown(issuer, nonsense)


def test_keys_out_of_reach_are_no_proof(issuer: Issuer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}/keys"
    for url, why in ((nowhere, "cannot be fetched"), (issuer.url.replace("/keys", "/html"), "no JSON")):
        settings = ApprovalSettings(entra=EntraTokens(tenant=TENANT, audience=AUDIENCE, jwks=url))
        with pytest.raises(NotVerified, match=why):
            verify(issuer.entra(), settings, "toy", 3, EVIDENCE)


def test_keys_come_by_https_only() -> None:
    with pytest.raises(ValueError, match="must be https"):
        EntraTokens(tenant=TENANT, audience=AUDIENCE, jwks="http://keys.example.com/jwks")
