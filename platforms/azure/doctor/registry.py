"""The registry by which models cross the stages: every stage reads it, development writes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lifecycle.names import Stage
from platforms.azure.doctor.roles import PROVIDER, judge
from platforms.azure.doctor.subject import Subject
from platforms.checkup import Check, Finding, missing, warning
from platforms.ports import NotFound, Refused

_ROLE = {True: "AzureML Registry User", False: "Reader"}


def checks(subject: Subject, stage: Stage) -> Iterator[Check]:
    """That the stage may do with the registry what its flows do."""
    yield Check(_title(subject, stage), partial(_registry, subject, stage))


def _title(subject: Subject, stage: Stage) -> str:
    verb = "write to" if stage == "development" else "read"
    return f"{stage} may {verb} the registry {subject.settings.registry or '(none)'}"


def _registry(subject: Subject, stage: Stage) -> Iterator[Finding]:
    name, what, writes = subject.settings.registry, _title(subject, stage), stage == "development"
    if name is None:
        if subject.clients.workspace_id(stage) != subject.clients.workspace_id("development"):
            told = "models cannot cross into this stage's workspace: no registry is named"
            yield missing(what, told, "export PERENNIAL_AZURE__REGISTRY=…")
        else:
            yield warning(what, "no registry is named: one workspace holds all", "export PERENNIAL_AZURE__REGISTRY=…")
        return
    try:
        scope = _scope(subject, stage, name)
    except NotFound as absent:
        mend = "az deployment group create --name registry --template-file deployments/azure/registry.bicep …"
        yield missing(what, str(absent), mend)
    except Refused as refusal:
        group = f"$(az ml registry show --name {name} --query id --output tsv)"
        yield missing(what, str(refusal), subject.grant(stage, _ROLE[writes], group))
    else:
        wanted = [f"{PROVIDER}/registries/assets/{'write' if writes else 'read'}"]
        yield judge(subject, stage, what, scope, wanted, _ROLE[writes])


def _scope(subject: Subject, stage: Stage, name: str) -> str:
    """Its resource id: a registry is known by its name alone, wherever it lies, and the service says where."""
    address = f"https://{subject.region(stage)}.api.azureml.ms/registrymanagement/v1.0/registries/{name}/discovery"
    found = subject.arm.get(stage, address, "")
    place = f"/subscriptions/{found['subscriptionId']}/resourceGroups/{found['resourceGroup']}"
    return f"{place}/providers/{PROVIDER}/registries/{name}"
