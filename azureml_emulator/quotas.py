"""The quota of cores: what clusters and managed deployments take of it, and the refusal of what is too much."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from starlette.responses import Response

from azureml_emulator.errors import ServiceError
from azureml_emulator.roles import kinds_of
from azureml_emulator.routing import Call, Router, reply
from azureml_emulator.sizes import FAMILIES, SIZES, Size, size_of
from azureml_emulator.store import Document
from azureml_emulator.world import PROVIDER, World

_LOCATION = f"/subscriptions/{{subscription}}/providers/{PROVIDER}/locations/{{location}}"
# Managed deployments reserve a fifth more than they were asked for, in whole machines, for their own upgrades:
# one Standard_F4s_v2 needs 8 cores (MicrosoftLearning/mslearn-azure-ml#30).
_RESERVE = 1.2


class Quotas:
    """`--quota` cores for each family of sizes; without it everything is counted and nothing refused."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self, router: Router) -> None:
        router.add("GET", f"{_LOCATION}/usages", self._usages)
        router.add("GET", f"{_LOCATION}/quotas", self._quotas)
        router.add("GET", f"{_LOCATION}/vmSizes", lambda _: reply({"value": [_size(name) for name in SIZES]}))

    def check(self, call: Call) -> None:
        """Refuses a cluster or a deployment that would need more than is left."""
        if call.method != "PUT" or self._world.settings.quota is None:
            return
        kinds = [kind.lower() for kind in kinds_of(call.path)[1:]]
        if kinds == ["onlineendpoints", "deployments"]:
            self._check_deployment(call, self._world.settings.quota)
        elif kinds == ["computes"]:
            self._check_cluster(call, self._world.settings.quota)

    def _check_deployment(self, call: Call, limit: int) -> None:
        own = (call.workspace, call.parts["endpoint"], call.parts["name"])
        size, needed = _of_deployment(call.json())
        used = self._used(without=own)[size.family] if size else 0
        if size is None or used + needed <= limit:
            return
        name = call.json()["properties"]["instanceType"]
        short = (
            f"Not enough quota available for {name} in SubscriptionId {self._world.settings.subscription}."
            f" Current usage/limit: {used}/{limit}. Additional needed: {needed}"
            " Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-outofquota"
        )
        inner = {"errors": {"VmSize": [short]}, "title": "One or more validation errors occurred.", "status": 400}
        message = f"InferencingClient HttpRequest error, error detail: {json.dumps(inner)}"
        details = [{"code": "InferencingClientCreateDeploymentFailed", "message": message, "details": []}]
        raise ServiceError(400, "BadRequest", "The request is invalid.", details)

    def _check_cluster(self, call: Call, limit: int) -> None:
        """By the nodes that it always keeps; how many more it may have is settled when jobs ask for them."""
        size, needed = _of_cluster(call.json())
        used = self._used(without=(call.workspace, "", call.parts["name"]))[size.family] if size else 0
        if size is not None and used + needed > limit:
            message = (
                f"The specified subscription has a total vCPU quota of {limit} and is less than the requested compute"
                f" training cluster and/or compute instance's min nodes of {needed // size.cores} which maps to"
                f" {needed} vCPUs, with {used} in use."
            )
            raise ServiceError(400, "ClusterMinNodesExceedCoreQuota", message)

    def _used(self, without: tuple[str, str, str] | None = None) -> Counter[str]:
        """Cores by family, in all workspaces."""
        store, used = self._world.store, Counter[str]()
        for workspace in self._world.settings.workspaces:
            for compute in store.list(workspace, "computes"):
                if (workspace, "", compute["name"]) != without:
                    used += _counted(_of_cluster(compute))
            for endpoint in store.list(workspace, "onlineEndpoints"):
                for deployment in store.list(workspace, f"deployments/{endpoint['name']}"):
                    if (workspace, endpoint["name"], deployment["name"]) != without:
                        used += _counted(_of_deployment(deployment))
        return used

    def _usages(self, call: Call) -> Response:
        used = self._used()
        return reply({"value": [{**one, "currentValue": used[name]} for name, one in self._limits(call, "usages")]})

    def _quotas(self, call: Call) -> Response:
        return reply({"value": [one for _, one in self._limits(call, "quotas")]})

    def _limits(self, call: Call, kind: str) -> list[tuple[str, Document]]:
        limit = -1 if self._world.settings.quota is None else self._world.settings.quota
        base = call.path.rstrip("/").rpartition("/")[0]
        return [
            (
                family,
                {
                    "id": f"{base}/{kind}/{family}",
                    "type": f"{PROVIDER}/{kind}",
                    "amlWorkspaceLocation": call.parts["location"],
                    "unit": "Count",
                    "limit": limit,
                    "name": {"value": family, "localizedValue": f"{family} Cluster Dedicated vCPUs"},
                },
            )
            for family in FAMILIES
        ]


def _of_deployment(body: Document) -> tuple[Size | None, int]:
    properties, sku = body.get("properties") or {}, body.get("sku") or {}
    if str(properties.get("endpointComputeType", "Managed")).lower() != "managed":
        return None, 0
    size, instances = size_of(properties.get("instanceType")), sku.get("capacity") or 1
    return size, math.ceil(_RESERVE * instances) * size.cores if size else 0


def _of_cluster(body: Document) -> tuple[Size | None, int]:
    properties = body.get("properties") or {}
    inner: dict[str, Any] = properties.get("properties") or {}
    size = size_of(inner.get("vmSize")) if properties.get("computeType") == "AmlCompute" else None
    return size, ((inner.get("scaleSettings") or {}).get("minNodeCount") or 0) * size.cores if size else 0


def _counted(taken: tuple[Size | None, int]) -> Counter[str]:
    size, cores = taken
    return Counter({size.family: cores} if size else {})


def _size(name: str) -> Document:
    size = SIZES[name]
    return {
        "name": name,
        "family": size.family,
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "memoryGB": size.memory,
        "maxResourceVolumeMB": size.disk * 1024,
        "osVhdSizeMB": 1047552,
        "lowPriorityCapable": True,
        "premiumIO": True,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
    }
