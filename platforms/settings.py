"""Everything the service takes from its environment, read here and nowhere else.

The variables are `PERENNIAL_…`; `deployments.stack` sets them for the processes it starts. Where they are not
set, the service that runs in this folder is found by the file it leaves in its state directory.
"""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

LOCAL_POOL = "perennial-local"
CURRENT = Path(".perennial/current.json")  # {"state": DIR} of the service last started from this folder


class Settings(BaseSettings):
    """What differs between one installation and another."""

    model_config = SettingsConfigDict(env_prefix="PERENNIAL_", frozen=True, extra="ignore")

    platform: Literal["local"] = "local"
    state: Path = Path(".perennial/service")
    workloads: Path = Path("workloads")
    pool_dev: str = Field(default=LOCAL_POOL, min_length=1, description="The work pool of ingest, train and retrain")
    pool_staging: str = Field(default=LOCAL_POOL, min_length=1, description="The work pool of release")
    pool_prod: str = Field(default=LOCAL_POOL, min_length=1, description="The work pool of what touches production")
    slack_webhook: SecretStr | None = Field(default=None, description="Where notifications go; none: off")

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
    if "PERENNIAL_STATE" not in os.environ and CURRENT.is_file():
        return Settings(state=Path(json.loads(CURRENT.read_text())["state"]))
    return Settings()
