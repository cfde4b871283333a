"""Everything the service takes from its environment, read here and nowhere else.

The variables are `PERENNIAL_…`; `deployments.stack` sets them for the processes it starts. Where they are not
set, the service that runs in this folder is found by the file it leaves in its state directory.
"""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from platforms.approval_settings import ApprovalSettings
from platforms.azure.emulated import client_environment, emulated_settings
from platforms.azure.settings import AzureSettings

CURRENT = Path(".perennial/current.json")  # state directory and platform of the service last started from this folder
PlatformName = Literal["local", "azure", "azure-emulated"]
LOCAL_POOL = "perennial-local"


class Settings(BaseSettings):
    """What differs between one installation and another."""

    model_config = SettingsConfigDict(env_prefix="PERENNIAL_", env_nested_delimiter="__", frozen=True, extra="ignore")

    platform: PlatformName = "local"
    azure: AzureSettings | None = Field(default=None, description="Where on Azure; needed where the platform is azure")
    state: Path = Path(".perennial/service")
    workloads: Path = Path("workloads")
    pool_dev: str = Field(default=LOCAL_POOL, min_length=1, description="The work pool of ingest, train and retrain")
    pool_staging: str = Field(default=LOCAL_POOL, min_length=1, description="The work pool of release")
    pool_prod: str = Field(default=LOCAL_POOL, min_length=1, description="The work pool of what touches production")
    approval: ApprovalSettings = Field(default=ApprovalSettings(), description="Whose tokens prove who approves")
    slack_webhook: SecretStr | None = Field(default=None, description="Where notifications go; none: off")

    @model_validator(mode="after")
    def _azure_is_told(self) -> Self:
        if self.platform == "azure" and self.azure is None:
            raise ValueError("PERENNIAL_PLATFORM is azure, and PERENNIAL_AZURE__… says nothing: see docs/azure.md")
        return self

    def require_azure(self) -> AzureSettings:
        """Where on Azure, or on the emulator that runs in the state directory."""
        if self.platform == "azure-emulated":
            return emulated_settings(self.state)
        if self.azure is None:
            raise LookupError("PERENNIAL_AZURE__… says nothing of where on Azure: see docs/azure.md.")
        return self.azure

    @property
    def pools(self) -> tuple[str, ...]:
        """The work pools of all stages, each once."""
        return tuple(dict.fromkeys((self.pool_dev, self.pool_staging, self.pool_prod)))

    @property
    def blobs(self) -> Path:
        """The local blob store's folder."""
        return self.state / "blobs"

    @cached_property
    def addresses(self) -> dict[str, str]:
        """URLs of the running stack by name: prefect, mlflow, gateway, gateway_admin. Empty if none runs."""
        try:
            found: dict[str, str] = json.loads((self.state / "stack.json").read_text())["addresses"]
        except FileNotFoundError:
            return {}
        return found

    def address(self, name: str) -> str:
        """The URL of one part of the running stack."""
        if name not in self.addresses:
            raise LookupError(
                f"No running service in {self.state}: {name} has no address. Start it with `perennial up`."
            )
        return self.addresses[name]


def load_settings() -> Settings:
    """The settings of this process: the environment first, then the service last started from this folder."""
    settings = Settings()
    if "PERENNIAL_STATE" not in os.environ and CURRENT.is_file():
        current = json.loads(CURRENT.read_text())
        settings = Settings(state=Path(current["state"]), platform=current.get("platform", settings.platform))
    if settings.platform == "azure-emulated":
        os.environ.update(client_environment(settings.state))  # the SDKs find the emulator by it
    return settings
