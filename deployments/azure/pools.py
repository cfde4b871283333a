"""The work pools of one Azure environment, made from the templates in `pools/` and what main.bicep put out.

    az deployment group show -g rg-perennial-dev -n main --query properties.outputs > dev.json
    python -m deployments.azure.pools dev.json --image SERVER/flows@sha256:DIGEST

One pool a kind, `perennial-KIND-ENVIRONMENT`, upserted; and the block where its flows keep their results.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import typer

TEMPLATES = Path(__file__).parent / "pools"
KINDS = ("process", "azure-container-instance", "kubernetes")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


class PoolsFailed(ValueError):
    """Something that the templates need is missing or wrong; the message names it."""


def read_outputs(file: Path) -> dict[str, str]:
    """main.bicep's outputs by name, as `az … --query properties.outputs` prints them."""
    return {name: str(one["value"]) for name, one in json.loads(file.read_text()).items()}


def pool_name(kind: str, environment: str) -> str:
    """Each environment has pools of its own, and workers that act as its own identity."""
    return f"perennial-{kind}-{environment}"


def block_name(environment: str) -> str:
    """The block of an environment's results."""
    return f"perennial-{environment}"


def render(kind: str, outputs: Mapping[str, str], image: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """A pool's base job template: outputs and image filled in, and the settings that every flow of it gets.

    `image` must name a digest. PoolsFailed where it does not, or where main.bicep did not put out what is needed.
    """
    if not _DIGEST.search(image):
        raise PoolsFailed(f"{image} does not end in @sha256:DIGEST: a tag may name another image tomorrow.")
    values = {**outputs, "image": image}
    template = json.loads((TEMPLATES / f"{kind}.json").read_text())
    try:
        filled: dict[str, Any] = _fill(template, values)
        environment = {**settings, **_environment(outputs)}
    except KeyError as missing:
        raise PoolsFailed(f"main.bicep put out no {missing.args[0]}.") from None
    filled["variables"]["properties"]["env"]["default"] = environment
    return filled


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    """Every `${name}` in every text; Prefect's own `{{ name }}` and JSON Schema's `$schema` stay."""
    if isinstance(value, dict):
        return {key: _fill(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(one, values) for one in value]
    return Template(value).substitute(values) if isinstance(value, str) and "${" in value else value


def _environment(outputs: Mapping[str, str]) -> dict[str, str]:
    """What tells a flow's process which identity it acts as, and where its results go."""
    return {
        "AZURE_CLIENT_ID": outputs["flowsClientId"],
        "PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK": f"azure-blob-storage-container/{block_name(outputs['environment'])}",
    }


def azure_settings(variables: Mapping[str, str]) -> dict[str, str]:
    """The settings that flows on Azure take from whoever makes the pools; no secret is among them."""
    return {
        name: value
        for name, value in sorted(variables.items())
        if (name == "PERENNIAL_PLATFORM" or name.startswith("PERENNIAL_AZURE_")) and not _is_secret(name, value)
    }


def _is_secret(name: str, value: str) -> bool:
    """A client's secret, or an address of the storage account that opens it: those have no place in a pool."""
    return name.endswith("SECRET") or "AccountKey=" in value or "sig=" in value


def apply_pools(outputs: Mapping[str, str], image: str, settings: Mapping[str, str]) -> list[str]:
    """Make or update the pools and the results' block; the names of the pools."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    templates = {kind: render(kind, outputs, image, settings) for kind in KINDS}
    _save_block(outputs)
    told = []
    with get_client(sync_client=True) as client:
        for kind, template in templates.items():
            name = pool_name(kind, outputs["environment"])
            pool = WorkPoolCreate(name=name, type=kind, base_job_template=template)
            client.create_work_pool(pool, overwrite=True)
            told.append(name)
    return told


def _save_block(outputs: Mapping[str, str]) -> None:
    """Results in Blob by the flow's own identity: the block holds an address and no secret."""
    from prefect_azure import AzureBlobStorageContainer, AzureBlobStorageCredentials

    url = f"https://{outputs['storageName']}.blob.core.windows.net"
    credentials = AzureBlobStorageCredentials(account_url=url)
    block = AzureBlobStorageContainer(container_name="prefect-results", credentials=credentials)
    block.save(block_name(outputs["environment"]), overwrite=True)


def main(outputs: Path, image: str = typer.Option(..., help="The flows' image, by digest.")) -> None:
    """Make or update the work pools of the environment whose outputs these are."""
    for name in apply_pools(read_outputs(outputs), image, azure_settings(os.environ)):
        typer.echo(name)


if __name__ == "__main__":
    typer.run(main)
