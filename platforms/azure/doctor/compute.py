"""What trains and what serves: the cluster, and whether the quota of cores is enough for them all."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from lifecycle.names import PRODUCTION_SLOTS, Stage
from platforms.azure.compute import SERVERLESS
from platforms.azure.doctor.roles import PROVIDER
from platforms.azure.doctor.subject import STAGES, Subject
from platforms.azure.resource_manager import ML_API
from platforms.checkup import Check, Finding, missing, ok, unknown
from platforms.ports import NotFound

# Managed deployments of most sizes take a fifth more than they were asked for, in whole machines, for their upgrades.
RESERVE = 1.2


def checks(subject: Subject, stage: Stage) -> Iterator[Check]:
    """The cluster that trains, where one is named."""
    if stage == "development" and subject.settings.compute != SERVERLESS:
        yield Check(f"cluster {subject.settings.compute}", partial(_cluster, subject))


def _cluster(subject: Subject) -> Iterator[Finding]:
    settings = subject.settings
    what = f"cluster {settings.compute}"
    try:
        found = _get_cluster(subject)
    except NotFound as absent:
        mend = f"az ml compute create --type AmlCompute --name {settings.compute} --size {settings.training_size}"
        yield missing(what, str(absent), f"{mend} --min-instances 0 --max-instances 2 {subject.place('development')}")
        return
    state = str(found.get("provisioningState"))
    size = (found.get("properties") or {}).get("vmSize")
    mend = f"az ml compute show --name {settings.compute} {subject.place('development')}"
    yield ok(what, f"of {size}") if state == "Succeeded" else missing(what, f"its state is {state}", mend)


def _get_cluster(subject: Subject) -> dict[str, Any]:
    scope = f"{subject.clients.workspace_id('development')}/computes/{subject.settings.compute}"
    properties: dict[str, Any] = subject.arm.get("development", scope, ML_API)["properties"]
    return properties


def quota(subject: Subject, denied: Collection[Stage]) -> list[Check]:
    """A check for each subscription in which a stage lies. Regions and families are told apart in it."""
    subscriptions: dict[str, list[Stage]] = {}
    for stage in STAGES:
        subscriptions.setdefault(subject.subscription(stage), []).append(stage)
    return [
        Check(_title(subscription), partial(_quota, subject, [stage for stage in stages if stage not in denied]))
        for subscription, stages in subscriptions.items()
        if not set(stages) <= set(denied)
    ]


def _title(subscription: str) -> str:
    return f"quota of cores in {subscription}"


@dataclass(frozen=True)
class _Need:
    """What a stage takes at most at one time, of one size."""

    stage: Stage
    size: str
    machines: int


def _needs(subject: Subject, stage: Stage) -> _Need:
    """Development: the training machine. Staging: one slot. Production: both, while one takes over from the other."""
    settings = subject.settings
    if stage == "development":
        return _Need(stage, _training_size(subject), 1)
    slots = 1 if stage == "staging" else len(PRODUCTION_SLOTS)
    return _Need(stage, settings.serving_size, slots * reserved(settings.serving_instances))


def reserved(instances: int) -> int:
    """Machines that a managed deployment of so many instances takes of the quota."""
    return math.ceil(RESERVE * instances)


def _training_size(subject: Subject) -> str:
    if subject.settings.compute != SERVERLESS:
        try:
            return str((_get_cluster(subject).get("properties") or {})["vmSize"])
        except (NotFound, KeyError):
            pass  # told by the cluster's own check
    return subject.settings.training_size


def _quota(subject: Subject, stages: list[Stage]) -> Iterator[Finding]:
    regions: dict[str, list[_Need]] = {}
    for stage in stages:
        regions.setdefault(subject.region(stage), []).append(_needs(subject, stage))
    for region, needs in regions.items():
        yield from _in_region(subject, region, needs)


def _in_region(subject: Subject, region: str, needs: list[_Need]) -> Iterator[Finding]:
    stage = needs[0].stage
    location = f"/subscriptions/{subject.subscription(stage)}/providers/{PROVIDER}/locations/{region}"
    sizes = {one["name"].lower(): one for one in subject.arm.all(stage, f"{location}/vmSizes", ML_API)}
    usages = {one["name"]["value"]: one for one in subject.arm.all(stage, f"{location}/usages", ML_API)}
    wanted: dict[str, int] = {}
    ours: dict[str, int] = {}
    for need in needs:
        size = sizes.get(need.size.lower())
        if size is None:
            mend = f"az ml compute list-sizes --location {region}   # then set PERENNIAL_AZURE__…_SIZE"
            yield missing(f"size {need.size} in {region}", f"there is none such; {need.stage} wants it", mend)
            continue
        family, cores = str(size["family"]), int(size["vCPUs"])
        wanted[family] = wanted.get(family, 0) + need.machines * cores
        ours[family] = ours.get(family, 0) + _serving(subject, need.stage, sizes, family)
    for family, cores in wanted.items():
        yield _enough(f"quota of {family} in {region}", usages.get(family), cores, ours.get(family, 0))


def _enough(what: str, usage: dict[str, Any] | None, wanted: int, ours: int) -> Finding:
    mend = f"https://ml.azure.com/quota   # ask for {wanted} dedicated cores of the family"
    if usage is None:
        return unknown(what, "the service tells no limit of it", mend)
    limit, used = int(usage["limit"]), int(usage["currentValue"])
    told = f"{wanted} cores are needed at most, {limit} allowed, {used} in use, {ours} of them by our own slots"
    if limit < 0:
        return ok(what, f"{wanted} cores are needed at most, and no limit is set")
    if limit - (used - ours) >= wanted:
        return ok(what, told)
    return missing(what, told, mend)


def _serving(subject: Subject, stage: Stage, sizes: dict[str, Any], family: str) -> int:
    """Cores of the family that deployments in the stage's workspace hold now: those are what is planned for."""
    if stage == "development":
        return 0
    endpoints = f"{subject.clients.workspace_id(stage)}/onlineEndpoints"
    cores = 0
    for endpoint in subject.arm.all(stage, endpoints, ML_API):
        for one in subject.arm.all(stage, f"{endpoints}/{endpoint['name']}/deployments", ML_API):
            size = sizes.get(str(one["properties"].get("instanceType", "")).lower())
            if size is not None and size["family"] == family:
                cores += reserved(int((one.get("sku") or {}).get("capacity") or 1)) * int(size["vCPUs"])
    return cores
