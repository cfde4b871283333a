"""The subscription, and the resource providers that must be registered in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lifecycle.names import Stage
from platforms.azure.doctor.subject import STAGES, Subject
from platforms.checkup import Check, Finding, missing, ok

_API = "2021-04-01"
NEEDED = (
    "Microsoft.MachineLearningServices",
    "Microsoft.Storage",
    "Microsoft.KeyVault",
    "Microsoft.ContainerRegistry",
    "Microsoft.Insights",
    "Microsoft.OperationalInsights",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
)


def checks(subject: Subject, stage: Stage) -> Iterator[Check]:
    """Of the stage's subscription, unless an earlier stage has the same."""
    subscription = subject.subscription(stage)
    if subscription in [subject.subscription(earlier) for earlier in STAGES[: STAGES.index(stage)]]:
        return
    what = f"subscription {subscription}"
    yield Check(what, partial(_subscription, subject, stage, what), f"az account show --subscription {subscription}")
    for namespace in NEEDED:
        what = f"provider {namespace}"
        yield Check(what, partial(_provider, subject, stage, namespace, what), _register(subscription, namespace))


def _subscription(subject: Subject, stage: Stage, what: str) -> Iterator[Finding]:
    subscription = subject.subscription(stage)
    found = subject.arm.get(stage, f"/subscriptions/{subscription}", "2022-12-01")
    if found.get("state") == "Enabled":
        yield ok(what, str(found.get("displayName", "")))
        return
    yield missing(what, f"its state is {found.get('state')}", f"az account show --subscription {subscription}")


def _provider(subject: Subject, stage: Stage, namespace: str, what: str) -> Iterator[Finding]:
    subscription = subject.subscription(stage)
    found = subject.arm.get(stage, f"/subscriptions/{subscription}/providers/{namespace}", _API)
    state = str(found.get("registrationState"))
    yield ok(what, state) if state == "Registered" else missing(what, state, _register(subscription, namespace))


def _register(subscription: str, namespace: str) -> str:
    return f"az provider register --subscription {subscription} --namespace {namespace} --wait"
