"""The parameters that flows share, described for the people who fill in the form."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

WorkloadName = Annotated[
    str,
    Field(
        title="Workload",
        description="The model's name, as its workload.yaml says, such as diabetes.",
        pattern=r"^[a-z][a-z0-9-]{1,22}[a-z0-9]$",
    ),
]
ModelVersion = Annotated[
    int | None,
    Field(title="Model version", description="A version in the registry. Empty: the newest.", ge=1),
]
DatasetVersion = Annotated[
    str | None,
    Field(
        title="Dataset version",
        description="What to train on. Empty: ingest the newest data first.",
        pattern=r"^[0-9a-f]{12}$",
    ),
]

# How long a killed run's slot stays taken: the shortest that Prefect allows. A living run renews its lease.
LEASE_SECONDS = 60.0
