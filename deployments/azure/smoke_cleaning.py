"""What a smoke test made, taken away again: all that the service lets one delete; the rest is archived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from deployments.azure.smoke_steps import Scratch
from lifecycle.names import STAGING_SLOT
from platforms.azure.clients import AzureClients
from platforms.azure.removal import archive_asset, delete_endpoint, end_job
from platforms.ports import NotFound


def clean(scratch: Scratch) -> Iterator[str]:
    """Every step is tried, whatever became of those before; what could not be done, a line each."""
    clients = AzureClients(scratch.settings.require_azure())
    for what, step in _steps(scratch, clients):
        try:
            with suppress(NotFound):
                step()
        except Exception as error:  # the others must be tried all the same
            yield f"{what}: {error}"


def _steps(scratch: Scratch, clients: AzureClients) -> Iterator[tuple[str, Callable[[], object]]]:
    name = scratch.name
    yield f"endpoint {scratch.endpoint}", partial(delete_endpoint, clients, scratch.endpoint)
    for job in scratch.jobs:
        yield f"job {job}", partial(end_job, clients, job)
    if scratch.version is not None:
        yield f"model {name}", partial(archive_asset, clients, "models", name)
    # The service makes an asset of each output of a job, and of what a deployment's collector keeps.
    outputs = [f"azureml_{job}_output_data_out" for job in scratch.jobs]
    collected = [f"{scratch.endpoint}-{STAGING_SLOT}-{kind}" for kind in ("model_inputs", "model_outputs")]
    for data in (f"{name}-train", *outputs, *collected):
        yield f"data asset {data}", partial(archive_asset, clients, "data", data)
    yield "blobs", partial(_delete_blobs, scratch)


def _delete_blobs(scratch: Scratch) -> None:
    for blob in scratch.platform.blobs.list(scratch.prefix):
        scratch.platform.blobs.delete(blob.name)
