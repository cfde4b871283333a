"""The parameters that flows share.

What the form in Prefect's UI says of a parameter comes from the `Args` of its flow's docstring; pydantic's own titles
and descriptions do not reach it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

WorkloadName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,22}[a-z0-9]$")]
ModelVersion = Annotated[int | None, Field(ge=1)]
ApprovedVersion = Annotated[int, Field(ge=1)]
ServingVersion = Annotated[str, Field(pattern=r"^([1-9][0-9]*)?$", max_length=18)]  # text: events fill it in
DatasetVersion = Annotated[str | None, Field(pattern=r"^[0-9a-f]{12}$")]
BlobPrefix = Annotated[str, Field(pattern=r"^[^/\\].*/$", max_length=900)]
ScoringKey = Annotated[str | None, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9-]{0,63}$")]
ErrorThreshold = Annotated[int, Field(ge=-1)]
AnnotationRows = Annotated[int | None, Field(ge=1, le=100_000)]
Moment = Annotated[AwareDatetime | None, BeforeValidator(lambda told: told or None)]  # events tell "" for none
EvidenceDigest = Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")]
ForcedBy = Annotated[str | None, Field(min_length=1, max_length=200)]
ForceReason = Annotated[str | None, Field(min_length=1, max_length=4000)]
CallersShare = Annotated[int, Field(ge=1, le=99)]
Alpha = Annotated[float, Field(gt=0, lt=0.5)]
LastsFor = Annotated[str, Field(pattern=r"^(\d+(\.\d+)?[smhdw])?$", max_length=12)]
TestKey = Annotated[str, Field(pattern=r"^(\d{8}-\d{6}-[a-z0-9]{1,20})?$")]  # lifecycle.ab_test.KEY, or none
Reason = Annotated[str, Field(min_length=1, max_length=4000)]

# How long a killed run's slot stays taken: the shortest that Prefect allows. A living run renews its lease.
LEASE_SECONDS = 60.0
