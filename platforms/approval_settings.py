"""Whose tokens prove who somebody is: `PERENNIAL_APPROVAL__ENTRA__TENANT`, `…__AUDIENCE` and so on. No secrets.

Where one of them is set, the environment asks for a verified identity: a typed name counts for nothing there. No field
is named `keys`: `dict(model)`, which Prefect does with what a task is given, would take it for a mapping's method.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _https(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{url} must be https: whoever answers in its place names the keys")
    return url


KeysUrl = Annotated[str, AfterValidator(_https)]


class EntraTokens(BaseModel):
    """Tokens of one Entra tenant, for one application.

    The issuers are those of both versions of tokens; which one an application gets is its own setting
    (learn.microsoft.com, Access tokens in the Microsoft identity platform).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str = Field(pattern=r"^[0-9a-fA-F-]{36}$", description="The tenant's id; a name stands in no token")
    audience: str = Field(min_length=1, description="aud: the application's id or its URI")
    issuers: tuple[str, ...] = Field(default=(), description="Of another cloud; none: those of the public one")
    jwks: KeysUrl | None = Field(default=None, description="The tenant's key set (JWKS); none: the public cloud's")

    @property
    def accepted_issuers(self) -> tuple[str, ...]:
        """iss, exactly."""
        of_both = f"https://login.microsoftonline.com/{self.tenant}/v2.0", f"https://sts.windows.net/{self.tenant}/"
        return self.issuers or of_both

    @property
    def keys_url(self) -> str:
        """Where the keys lie that sign."""
        return self.jwks or f"https://login.microsoftonline.com/{self.tenant}/discovery/v2.0/keys"


class GithubTokens(BaseModel):
    """Tokens of GitHub Actions' OpenID Connect provider. Which repository and environment counts, the workload says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audience: str = Field(min_length=1, description="What aud starts with; what is decided follows")
    issuer: str = Field(default="https://token.actions.githubusercontent.com", description="Another one: GHES")
    jwks: KeysUrl = "https://token.actions.githubusercontent.com/.well-known/jwks"


class ApprovalSettings(BaseModel):
    """Whose tokens count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entra: EntraTokens | None = None
    github: GithubTokens | None = None

    @property
    def asks_for_identity(self) -> bool:
        """Whether only a verified identity may approve."""
        return self.entra is not None or self.github is not None

    @property
    def audiences(self) -> dict[str, str]:
        """By issuer, whom a token must be for."""
        told = {"entra": self.entra, "github": self.github}
        return {issuer: one.audience for issuer, one in told.items() if one is not None}
