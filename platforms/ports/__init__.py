"""The ports: what the service asks of a place to run in.

Every docstring here is the contract, and one suite (`tests/platforms/`) holds each adapter to it.
Errors: an adapter raises `NotFound` for what is not there, `Refused` where the platform says no (a rule, a
quota, a role), `Unavailable` where trying again later may help; each names the resource, the operation and
the platform's own words, and no secret. Anything else that escapes is a defect.
"""

from __future__ import annotations

from platforms.ports.batch import BatchEndpoint, BatchEndpoints, BatchSpec
from platforms.ports.blobs import BlobInfo, BlobStore
from platforms.ports.compute import Compute, Job, JobSpec, JobStatus
from platforms.ports.endpoints import Endpoint, Interval, OnlineEndpoints, Served, Slot, SlotState
from platforms.ports.errors import NotFound, PlatformError, Refused, Unavailable
from platforms.ports.models import Models, RegisteredModel
from platforms.ports.monitors import NativeMonitor, NativeMonitors
from platforms.ports.platform import Platform
from platforms.ports.predictions import Predictions

__all__ = [
    "BatchEndpoint",
    "BatchEndpoints",
    "BatchSpec",
    "BlobInfo",
    "BlobStore",
    "Compute",
    "Endpoint",
    "Interval",
    "Job",
    "JobSpec",
    "JobStatus",
    "Models",
    "NativeMonitor",
    "NativeMonitors",
    "NotFound",
    "OnlineEndpoints",
    "Platform",
    "PlatformError",
    "Predictions",
    "Refused",
    "RegisteredModel",
    "Served",
    "Slot",
    "SlotState",
    "Unavailable",
]
