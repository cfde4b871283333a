"""Where the token comes from that proves who answers: a file, the Azure CLI, or GitHub Actions. It is kept nowhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from lifecycle.approval import token_audience


@dataclass(frozen=True)
class TokenSource:
    """What was said on the command line, and what GitHub Actions tells a job that may ask for tokens."""

    file: Path | None = None  # -: standard input
    azure_cli: bool = False
    github_actions: bool = False
    github_url: str | None = None
    github_secret: str | None = None

    def read(self, audiences: Mapping[str, str], workload: str, model_version: int, purpose: str) -> str | None:
        """The token for this decision; None where no source was named.

        audiences: by issuer, as the request tells them. ValueError where more than one source was named, or the
        environment believes no such issuer.
        """
        if sum((self.file is not None, self.azure_cli, self.github_actions)) > 1:
            raise ValueError("Give one of --token-file, --azure-cli and --github-actions.")
        if self.file is not None:
            return (sys.stdin.read() if str(self.file) == "-" else self.file.read_text()).strip()
        if self.azure_cli:
            from platforms.azure.cli_token import token_of_cli

            return token_of_cli(_audience(audiences, "entra"))
        if self.github_actions:
            return self._of_github(token_audience(_audience(audiences, "github"), workload, model_version, purpose))
        return None

    def _of_github(self, audience: str) -> str:
        if not self.github_url or not self.github_secret:
            raise ValueError("This is no job of GitHub Actions that may ask for tokens: it needs `id-token: write`.")
        headers = {"Authorization": f"Bearer {self.github_secret}"}
        url = httpx.URL(self.github_url).copy_merge_params({"audience": audience})  # what is in it already, stays
        response = httpx.get(url, headers=headers, timeout=30)
        if response.status_code != 200:
            raise RuntimeError(f"GitHub gives no token: HTTP {response.status_code}")
        return str(response.json()["value"])


def _audience(audiences: Mapping[str, str], issuer: str) -> str:
    if issuer not in audiences:
        raise ValueError(f"This environment believes no token of {issuer}: it believes {list(audiences) or 'none'}.")
    return audiences[issuer]
