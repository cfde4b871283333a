"""Where the service lives on Azure: names, not secrets; who may do what is a matter of identities and roles."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from lifecycle.names import Stage


class AzureStage(BaseModel):
    """One stage's workspace, and the identity that works in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: str
    resource_group: str | None = Field(default=None, description="None: that of all")
    subscription: str | None = Field(default=None, description="None: that of all")
    kubernetes: str | None = Field(default=None, description="An attached cluster that serves; None: managed endpoints")
    client_id: str | None = Field(default=None, description="The stage's identity; None: the one that is found")
    client_secret: SecretStr | None = Field(default=None, description="Of a service principal; an identity has none")


class AzureSettings(BaseModel):
    """`PERENNIAL_AZURE__SUBSCRIPTION`, `PERENNIAL_AZURE__DEVELOPMENT__WORKSPACE`, and so on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscription: str
    resource_group: str
    tenant: str | None = Field(default=None, description="Needed for service principals with a secret only")
    development: AzureStage
    staging: AzureStage
    production: AzureStage
    registry: str | None = Field(default=None, description="Models cross the stages through it; None: one workspace")
    storage: SecretStr = Field(description="Account URL (identity), connection string or SAS URL")
    container: str = Field(default="perennial", description="The container of raw data, datasets, labels, ledger")
    datastore: str = Field(default="perennial", description="Its name as a datastore of the development workspace")
    base_image: str = Field(description="What our images start from, by digest: IMAGE@sha256:DIGEST")
    compute: str = Field(default="cpu-cluster", description="The cluster that trains; `serverless` for none")
    batch_compute: str = Field(default="cpu-cluster", description="The cluster of production that scores files")
    training_size: str = Field(default="Standard_DS3_v2", description="VM size of serverless training")
    serving_size: str = Field(default="Standard_DS3_v2", description="VM size of a slot")
    serving_instances: int = Field(default=1, ge=1)

    def stage(self, stage: Stage) -> AzureStage:
        """The settings of one stage."""
        found: AzureStage = getattr(self, stage)
        return found
