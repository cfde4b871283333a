"""Tokens: who somebody is, by the signature of an issuer that the settings name. The checking is PyJWT's.

RS256 alone counts: `none` is no signature, and HS256 would take the issuer's public key for a shared secret
(RFC 8725, 2.1). What a token cannot prove: that whoever shows it is whom it was given to. So it is good for one
decision (`tasks/identity.py`), and GitHub's bears that decision in its audience.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lifecycle.approval import token_audience
from lifecycle.identity import Identity, entra_subject, github_subject
from platforms.approval_settings import ApprovalSettings, EntraTokens, GithubTokens

if TYPE_CHECKING:
    from jwt import PyJWKClient

KEYS_SECONDS = 300  # how long fetched keys are believed; an unknown key is looked for at once
FETCH_SECONDS = 5  # how long an issuer is waited for
LEEWAY_SECONDS = 30  # between the clocks of issuer and service
_REQUIRED = ["exp", "nbf", "iat", "iss", "aud"]


class NotVerified(ValueError):
    """A token that proves nothing, and why. It never quotes the token."""


@dataclass(frozen=True)
class Verified:
    """Whom a token proves, and by which token: a fingerprint of its claims, from which it cannot be made again."""

    identity: Identity
    fingerprint: str


def verify(token: str, settings: ApprovalSettings, workload: str, model_version: int, purpose: str) -> Verified:
    """Who shows this token. NotVerified says what is wrong with it, or that an issuer's keys cannot be had.

    purpose: what it is shown for, as `lifecycle.approval.token_audience` has it.
    """
    import jwt

    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))  # only to choose the keys by
        if settings.entra is not None and issuer in settings.entra.accepted_issuers:
            claims = _entra_claims(token, settings.entra)
            return Verified(_entra_identity(claims, settings.entra), _fingerprint(claims))
        if settings.github is not None and issuer == settings.github.issuer:
            audience = token_audience(settings.github.audience, workload, model_version, purpose)
            claims = _github_claims(token, settings.github, audience)
            return Verified(_github_identity(claims), _fingerprint(claims))
    except jwt.PyJWKClientConnectionError as error:
        cause = error.__cause__ or error
        raise NotVerified(f"the issuer's keys cannot be fetched ({type(cause).__name__}); try again") from None
    except json.JSONDecodeError:
        raise NotVerified("what the issuer gave for its keys is no JSON; try again") from None
    except (jwt.InvalidTokenError, jwt.PyJWKClientError, jwt.PyJWKSetError) as error:
        raise NotVerified(f"the token proves nothing: {_plain(error)}") from None
    raise NotVerified(f"the token is of no issuer that counts here: {issuer[:200]!r}")


def _entra_claims(token: str, entra: EntraTokens) -> Mapping[str, Any]:
    return _claims(token, entra.keys_url, entra.accepted_issuers, entra.audience, ("oid", "tid"))


def _github_claims(token: str, github: GithubTokens, audience: str) -> Mapping[str, Any]:
    return _claims(token, github.jwks, (github.issuer,), audience, ("repository", "environment", "run_id"))


def _claims(
    token: str, keys: str, issuers: tuple[str, ...], audience: str, required: tuple[str, ...]
) -> Mapping[str, Any]:
    import jwt

    claims: dict[str, Any] = jwt.decode(
        token,
        _keys(keys).get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        audience=audience,
        issuer=list(issuers),
        leeway=LEEWAY_SECONDS,
        options={"require": [*_REQUIRED, *required], "strict_aud": True},
    )
    return claims


def _entra_identity(claims: Mapping[str, Any], entra: EntraTokens) -> Identity:
    if str(claims["tid"]).lower() != entra.tenant.lower():
        raise NotVerified("the token is of another tenant")
    named = claims.get("preferred_username") or claims.get("upn") or claims.get("name") or claims.get("app_displayname")
    return Identity(subject=entra_subject(str(claims["oid"])), verified=True, detail=str(named or "")[:200])


def _github_identity(claims: Mapping[str, Any]) -> Identity:
    """The environment that let the job in. The actor started the job: who reviewed it, GitHub does not put in."""
    subject = github_subject(str(claims["repository"]), str(claims["environment"]))
    detail = f"run {claims['run_id']}, started by {claims.get('actor', 'nobody named')}"
    return Identity(subject=subject, verified=True, detail=detail[:200])


@lru_cache(maxsize=8)
def _keys(url: str) -> PyJWKClient:
    from jwt import PyJWKClient

    return PyJWKClient(url, lifespan=KEYS_SECONDS, timeout=FETCH_SECONDS)


def _fingerprint(claims: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).hexdigest()


def _plain(error: Exception) -> str:
    return str(error)[:300] or type(error).__name__
