"""The token endpoint of an emulated tenant: discovery of OpenID, and tokens for client id and secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import Response

from azureml_emulator.errors import ServiceError
from azureml_emulator.routing import Call, Router, reply
from azureml_emulator.settings import Settings

LIFETIME_SECONDS = 3600


class Tokens:
    """Issues tokens that outlive a restart, and tells whose a token is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = _kept_key(settings.state / "token.key")

    def routes(self, router: Router) -> None:
        """At login.microsoftonline.com."""
        router.add("GET", "/{tenant}/v2.0/.well-known/openid-configuration", self._discovery)
        router.add("GET", "/common/discovery/instance", self._instances)
        router.add("POST", "/{tenant}/oauth2/v2.0/token", self._token)

    def issue(self, client: str, audience: str, lifetime: int = LIFETIME_SECONDS) -> str:
        """A signed token, with the claims that Azurite looks at."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self._settings.tenant}/",
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + lifetime,
            "appid": client,
            "oid": client,
            "tid": self._settings.tenant,
        }
        head = _encode({"typ": "JWT", "alg": "HS256"}) + "." + _encode(claims)
        return head + "." + self._sign(head)

    def client_of(self, authorization: str) -> str:
        """The identity that a bearer token was issued to; a 401 if it is not one of ours or has expired."""
        scheme, _, token = authorization.partition(" ")
        head, _, signature = token.rpartition(".")
        if scheme.lower() != "bearer" or not hmac.compare_digest(self._sign(head), signature):
            raise ServiceError(401, "AuthenticationFailed", "Authentication failed: no valid access token.")
        claims = json.loads(base64.urlsafe_b64decode(head.partition(".")[2] + "=="))
        if claims["exp"] <= time.time():
            raise ServiceError(401, "ExpiredAuthenticationToken", "The access token has expired.")
        return str(claims["appid"])

    def _sign(self, text: str) -> str:
        return _base64(hmac.new(self._key, text.encode(), hashlib.sha256).digest())

    def _discovery(self, call: Call) -> Response:
        base = f"https://login.microsoftonline.com/{call.parts['tenant']}"
        return reply(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "tenant_region_scope": "EU",
            }
        )

    def _instances(self, _call: Call) -> Response:
        base = f"https://login.microsoftonline.com/{self._settings.tenant}/v2.0"
        names = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
        network = {"preferred_network": names[0], "preferred_cache": "login.windows.net", "aliases": names}
        return reply({"tenant_discovery_endpoint": f"{base}/.well-known/openid-configuration", "metadata": [network]})

    def _token(self, call: Call) -> Response:
        form = {name: values[0] for name, values in parse_qs(call.content.decode()).items()}
        client, known = form.get("client_id", ""), (self._settings.client, *self._settings.identities)
        if client not in known or form.get("client_secret") != self._settings.secret:
            refusal = "AADSTS7000215: Invalid client or client secret provided."
            return reply({"error": "invalid_client", "error_description": refusal}, 401)
        if form.get("grant_type") != "client_credentials":
            return reply({"error": "unsupported_grant_type", "error_description": "AADSTS70003"}, 400)
        audience = form.get("scope", "").removesuffix("/.default").rstrip("/")
        token = self.issue(client, audience)
        return reply({"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "access_token": token})


def _kept_key(file: Path) -> bytes:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(secrets.token_bytes(32))
    return file.read_bytes()


def _encode(claims: object) -> str:
    return _base64(json.dumps(claims).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
