"""Whether a deployment's cores are free, asked before it is begun: the service says so only after minutes."""

from __future__ import annotations

import math

from lifecycle.names import Stage
from platforms.azure.clients import AzureClients
from platforms.azure.resource_manager import ML_API, ResourceManager
from platforms.ports import Refused

# Managed deployments of most sizes take a fifth more than they were asked for, in whole machines, for their upgrades
# (learn.microsoft.com/azure/machine-learning/how-to-manage-quotas).
RESERVE = 1.2


def reserved(instances: int) -> int:
    """Machines that a managed deployment of so many instances takes of the quota."""
    return math.ceil(RESERVE * instances)


def require_cores(clients: AzureClients, stage: Stage, size: str, instances: int, region: str) -> None:
    """Refused where the subscription's quota has no room for the deployment beside what runs. No limit: no refusal."""
    arm = ResourceManager(clients.auth)
    location = (
        f"/subscriptions/{clients.subscription(stage)}/providers/Microsoft.MachineLearningServices/locations/{region}"
    )
    sizes = {one["name"].lower(): one for one in arm.all(stage, f"{location}/vmSizes", ML_API)}
    found = sizes.get(size.lower())
    if found is None:
        raise Refused(f"There is no size {size} in {region}: PERENNIAL_AZURE__SERVING_SIZE must name another.")
    family, wanted = str(found["family"]), reserved(instances) * int(found["vCPUs"])
    for usage in arm.all(stage, f"{location}/usages", ML_API):
        limit, used = int(usage["limit"]), int(usage["currentValue"])
        if usage["name"]["value"] == family and 0 <= limit < used + wanted:
            raise Refused(
                f"{wanted} cores of {family} are needed in {region}, {limit} are allowed and {used} in use. Free some, "
                "or ask for more at https://ml.azure.com/quota."
            )
