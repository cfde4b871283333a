"""Each stage's workspace, and what its identity may do there, by the service's own list of permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from lifecycle.names import Stage
from platforms.azure.doctor.subject import Subject
from platforms.checkup import Check, Finding, missing, ok
from platforms.ports import NotFound, Refused

PROVIDER = "Microsoft.MachineLearningServices"
_PERMISSIONS = "2022-04-01"
_SERVES = ("onlineEndpoints/write", "onlineEndpoints/deployments/write", "onlineEndpoints/listkeys/action")
_TRAINS = ("jobs/write", "data/versions/write", "environments/versions/write", "models/versions/write")
# The stage's role (docs/azure.md), and the operations without which its flows fail.
NEEDED: dict[Stage, tuple[str, tuple[str, ...]]] = {
    "development": ("AzureML Data Scientist", _TRAINS),
    "staging": ("Perennial Endpoint Operator (staging)", _SERVES),
    "production": ("Perennial Endpoint Operator (prod)", _SERVES),
}


def checks(subject: Subject, stage: Stage) -> Iterator[Check]:
    """That the workspace is there, and that the stage's role on it is enough."""
    name = subject.settings.stage(stage).workspace
    yield Check(f"workspace {name} of {stage}", partial(_workspace, subject, stage))
    yield Check(f"role of {stage} on {name}", partial(_role, subject, stage))


def _workspace(subject: Subject, stage: Stage) -> Iterator[Finding]:
    name = subject.settings.stage(stage).workspace
    what = f"workspace {name} of {stage}"
    try:
        found = subject.workspace(stage)
    except NotFound as absent:
        group = subject.group(stage)
        mend = f"az deployment group create --name main --resource-group {group} --parameters deployments/azure/…"
        yield missing(what, str(absent), mend)
    except Refused as refusal:
        scope = subject.clients.workspace_id(stage)
        yield missing(what, str(refusal), subject.grant(stage, NEEDED[stage][0], scope))
    else:
        yield ok(what, f"in {found['location']}")


def _role(subject: Subject, stage: Stage) -> Iterator[Finding]:
    role, needed = NEEDED[stage]
    scope = subject.clients.workspace_id(stage)
    what = f"role of {stage} on {subject.settings.stage(stage).workspace}"
    wanted = [f"{PROVIDER}/workspaces/{operation}" for operation in needed]
    yield judge(subject, stage, what, scope, wanted, role)


def judge(subject: Subject, stage: Stage, what: str, scope: str, wanted: Sequence[str], role: str) -> Finding:
    """Whether the stage's identity may do all that is wanted at the scope; if not, the role that would let it."""
    permissions = subject.arm.all(stage, f"{scope}/providers/Microsoft.Authorization/permissions", _PERMISSIONS)
    lacking = [action for action in wanted if not any(_allows(one, action) for one in permissions)]
    if lacking:
        return missing(what, f"it may not {', '.join(lacking)}", subject.grant(stage, role, scope))
    return ok(what, f"it may {', '.join(action.partition('/')[2] for action in wanted)}")


def _allows(permission: dict[str, Any], action: str) -> bool:
    """One role's actions less its notActions; both may hold stars and are in any case."""
    return _matches(permission.get("actions") or [], action) and not _matches(
        permission.get("notActions") or [], action
    )


def _matches(patterns: Sequence[str], action: str) -> bool:
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), action, re.IGNORECASE) for one in patterns)
