"""Microsoft Entra's token endpoint, as far as a client's secret needs it; and the check of what it issued."""

from __future__ import annotations

import secrets
import time
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from azureml_emulator.errors import ServiceError

AUTHORITY = "https://login.microsoftonline.com"
LIFETIME_SECONDS = 3600


class Tokens:
    """Issues opaque bearer tokens to the clients it knows (id to secret), and tells whose a token is."""

    def __init__(self, clients: dict[str, str]) -> None:
        self._clients = clients
        self._issued: dict[str, tuple[str, float]] = {}

    def routes(self) -> list[Route]:
        """Discovery and token, for every tenant."""
        return [
            Route("/common/discovery/instance", self._instance),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
        ]

    def client_of(self, request: Request) -> str:
        """Who asks. ServiceError 401 for no token, an unknown or an expired one."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        client, until = self._issued.get(token, ("", 0.0))
        if not client:
            raise ServiceError(401, "InvalidAuthenticationToken", "The access token is invalid.")
        if until < time.time():
            raise ServiceError(401, "ExpiredAuthenticationToken", "The access token expiry is in the past.")
        return client

    async def _instance(self, _: Request) -> Response:
        aliases = {"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net"}
        metadata = [{**aliases, "aliases": ["login.microsoftonline.com", "login.windows.net"]}]
        endpoint = f"{AUTHORITY}/common/v2.0/.well-known/openid-configuration"
        return JSONResponse({"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": metadata})

    async def _configuration(self, request: Request) -> Response:
        tenant = f"{AUTHORITY}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": f"{tenant}/v2.0",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "jwks_uri": f"{tenant}/discovery/v2.0/keys",
            }
        )

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        client, secret = (form.get(field, [""])[0] for field in ("client_id", "client_secret"))
        known = self._clients.get(client)
        if known is None or not secrets.compare_digest(known.encode(), secret.encode()):
            message = "AADSTS7000215: Invalid client secret provided."
            return JSONResponse({"error": "invalid_client", "error_description": message}, 401)
        token = secrets.token_urlsafe(32)
        self._issued[token] = (client, time.time() + LIFETIME_SECONDS)
        return JSONResponse({"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "access_token": token})
